/** How many slices expire at once. */
import type { ExpirableSlice } from './expiry.ts';

/** Each is named in the audit entry. */
const MAX_BATCH_SEGMENTS = 500;

/** Slices that expire in one transaction, oldest first. */
export function batchesOf(due: readonly ExpirableSlice[]): readonly (readonly ExpirableSlice[])[] {
  const batches: ExpirableSlice[][] = [];
  for (const slice of due) {
    const last = batches.at(-1);
    const segments = (last ?? []).reduce((sum, one) => sum + one.segments, slice.segments);
    if (last === undefined || segments > MAX_BATCH_SEGMENTS) batches.push([slice]);
    else last.push(slice);
  }
  return batches;
}
