import { join } from 'node:path';
import { makeUnlessThere, removeTree } from '../lake/directories.ts';
import type { LiveSlice } from '../ledger/replaced-slices.ts';
import type { LocalRooms, LookingRooms } from './rotation/rooms.ts';

/** The files of a slice one after the other, where they lie in the lake. Throws what `work` throws, and OBJECT_MISSING. */
export async function eachFile(
  { fileSystem, store, tempDirectory }: LookingRooms & LocalRooms,
  { segments }: LiveSlice,
  signal: AbortSignal,
  work: (path: string) => Promise<void>,
): Promise<void> {
  const directory = join(tempDirectory, 'looked-at');
  try {
    await makeUnlessThere(fileSystem, directory);
    for (const { key } of segments) {
      // Where the lake is not on this machine, it is a copy.
      await work(await store.readable(key, directory, signal));
    }
  } finally {
    await removeTree(fileSystem, directory);
  }
}
