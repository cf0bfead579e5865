/** How many rows of a slice of the lake a condition is true of, and of which time. */
import { type Choice, type ChosenCount, countChosen } from '../lake/chosen-rows.ts';
import type { LiveSlice } from '../ledger/replaced-slices.ts';
import { eachFile } from './each-file.ts';
import type { LocalRooms, LookingRooms } from './rotation/rooms.ts';

/** Reads the slice's files in the lake, where they lie. Throws what `countChosen` throws, and OBJECT_MISSING. */
export async function countInSlice(
  rooms: LookingRooms & LocalRooms,
  choice: Choice,
  slice: LiveSlice,
): Promise<ChosenCount> {
  let total: ChosenCount = { rows: 0, minTimeUs: 0n, maxTimeUs: 0n };
  await eachFile(rooms, slice, choice.signal, async (path) => {
    total = both(total, await countChosen(choice, path));
  });
  return total;
}

function both(a: ChosenCount, b: ChosenCount): ChosenCount {
  if (a.rows === 0) return b;
  if (b.rows === 0) return a;
  return {
    rows: a.rows + b.rows,
    minTimeUs: a.minTimeUs < b.minTimeUs ? a.minTimeUs : b.minTimeUs,
    maxTimeUs: a.maxTimeUs > b.maxTimeUs ? a.maxTimeUs : b.maxTimeUs,
  };
}
