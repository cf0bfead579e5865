import { dirname } from 'node:path';
import type { FileSystem } from './file-system.ts';
import { reading } from './lake-failure.ts';

/** Of the disk that holds `path`, or will once it is made. */
export async function freeBytesAt(fs: FileSystem, path: string): Promise<number> {
  return reading(`measure the free space at ${path}`, async () =>
    fs.freeBytes(await nearestExisting(fs, path)),
  );
}

/** `path`, or where there is nothing yet, the folder in which it would be made. */
export async function nearestExisting(fs: FileSystem, path: string): Promise<string> {
  let existing = path;
  while ((await fs.look(existing)) === null) existing = dirname(existing);
  return existing;
}
