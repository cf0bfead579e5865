/** Who may read the files of a lake, besides the user that tierd runs as. */
export const LAKE_READERS = ['owner', 'group', 'everyone'] as const;
export type LakeReaders = (typeof LAKE_READERS)[number];
