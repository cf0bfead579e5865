/** How many rows of a slice of the lake a condition is true of, and of which time. */
import { join } from 'node:path';
import { type Choice, type ChosenCount, countChosen } from '../lake/chosen-rows.ts';
import { makeUnlessThere, removeTree } from '../lake/directories.ts';
import type { LiveSlice } from '../ledger/replaced-slices.ts';
import type { LocalRooms, LookingRooms } from './rotation/rooms.ts';

/** Reads the slice's files in the lake, where they lie. Throws what `countChosen` throws, and OBJECT_MISSING. */
export async function countInSlice(
  { fileSystem, store, tempDirectory }: LookingRooms & LocalRooms,
  choice: Choice,
  { segments }: LiveSlice,
): Promise<ChosenCount> {
  const directory = join(tempDirectory, 'chosen');
  let total: ChosenCount = { rows: 0, minTimeUs: 0n, maxTimeUs: 0n };
  try {
    await makeUnlessThere(fileSystem, directory);
    for (const { key } of segments) {
      // Where the lake is not on this machine, it is a copy.
      const path = await store.readable(key, directory, choice.signal);
      total = both(total, await countChosen(choice, path));
    }
  } finally {
    await removeTree(fileSystem, directory);
  }
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
