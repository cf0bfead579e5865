/** Where segments can be opened as files, for as long as somebody reads them. */
import type { ObjectStore } from './object-store.ts';

export interface SegmentToOpen {
  readonly key: string;
  readonly bytes: bigint;
}

/**
 * @param directory the reader's own, which it removes
 * @returns the absolute path of each key asked for
 * @throws TierdError OBJECT_MISSING, LAKE_UNREADABLE, LAKE_UNREACHABLE, SEGMENT_UNREADABLE; INTERRUPTED
 */
export type OpenSegments = (
  segments: readonly SegmentToOpen[],
  directory: string,
  signal: AbortSignal | undefined,
) => Promise<(key: string) => string>;

/** A local lake's segments are files already. What is missing is found by who opens it. */
export function inPlace(store: Pick<ObjectStore, 'locate'>): OpenSegments {
  return () => Promise.resolve((key) => store.locate(key));
}
