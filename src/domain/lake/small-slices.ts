/** Slices of so few rows that larger ones would do better. */
import type { SliceUnit } from '../time/time-range.ts';

/** Fewer, and each file is mostly its own footer, and each move mostly its own transaction. */
const FEW_ROWS = 1_000;
/** So many make a habit. */
const MANY_SLICES = 10;

/** What to write instead, or null where they are large enough, or few. `rows` is of one of them. */
export function largerSlice(
  slice: SliceUnit,
  { count, rows }: { readonly count: number; readonly rows: number },
): SliceUnit | null {
  if (slice === 'month' || count < MANY_SLICES || rows >= FEW_ROWS) return null;
  return slice === 'hour' ? 'day' : 'month';
}
