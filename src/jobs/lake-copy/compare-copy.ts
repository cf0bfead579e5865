/** What a copy of the lake has of it, and what it lacks. Changes nothing. */
import type { ObjectStore } from '../../lake/object-store.ts';
import {
  type HeldSegment,
  listCopied,
  listHeld,
  listRemoved,
} from '../../ledger/copied-segments.ts';
import type { Queryable } from '../../ledger/queryable.ts';

export interface CopyState {
  /** Read back from there once, and there still. */
  readonly done: readonly HeldSegment[];
  /** The others. */
  readonly due: readonly DueSegment[];
  /** Copies of what the ledger has removed since. */
  readonly needless: readonly string[];
}

export interface DueSegment extends HeldSegment {
  /** Length of what lies there under its key; null: nothing. */
  readonly foundBytes: number | null;
}

/** @param lakeId the copy's own; null where nothing is claimed yet */
export async function compareCopy(
  db: Queryable,
  target: ObjectStore,
  lakeId: string | null,
  signal?: AbortSignal,
): Promise<CopyState> {
  const found = new Map<string, number>();
  if (lakeId !== null) {
    for await (const { key, bytes } of target.list('', signal)) found.set(key, bytes);
  }
  const copied = lakeId === null ? new Set<string>() : await listCopied(db, lakeId);
  const [done, due]: [HeldSegment[], DueSegment[]] = [[], []];
  // After the list: what has been removed since is needless by the next run.
  for (const segment of await listHeld(db)) {
    const foundBytes = found.get(segment.key) ?? null;
    found.delete(segment.key);
    if (copied.has(segment.key) && foundBytes === segment.bytes) done.push(segment);
    else due.push({ ...segment, foundBytes });
  }
  return { done, due, needless: await listRemoved(db, [...found.keys()]) };
}

export function bytesOf(segments: readonly HeldSegment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}
