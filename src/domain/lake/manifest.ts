/** What an Iceberg manifest list says of a manifest. Counts are of files, rows of the same files' rows. */
export interface Manifest {
  readonly key: string;
  readonly bytes: number;
  readonly specId: number;
  readonly snapshotId: number;
  readonly sequenceNumber: number;
  readonly minSequenceNumber: number;
  readonly counts: Readonly<Record<FileStatus, number>>;
  readonly rows: Readonly<Record<FileStatus, bigint>>;
  /** Both included; null where the table is not partitioned. */
  readonly partitions: { readonly from: number; readonly to: number } | null;
}

export type FileStatus = 'existing' | 'added' | 'deleted';

/** Where a snapshot lists a file. */
export interface FileListing {
  readonly manifestKey: string;
  /** Of the snapshot that added the file, and so is the sequence number. */
  readonly snapshotId: number;
  readonly sequenceNumber: number;
}
