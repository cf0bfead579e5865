/**
 * `_staging/<move id>/`: where the files of one move wait until they are published. The move's own
 * record in the ledger names the id, so recovery removes what a killed move left and nothing else.
 */
import { dirname, join } from 'node:path';
import { makeDirectories, removeEmptyDirectories, removeTree } from './directories.ts';
import type { FileSystem } from './file-system.ts';
import { isNodeError } from './file-system.ts';
import { reading, writing } from './lake-failure.ts';
import { assertObjectKey } from './object-key.ts';

/** Each new attempt needs another move to have ended just then, leaving the staging area empty. */
const MAX_ATTEMPTS = 20;

/**
 * Makes the move's staging directory, or empties the one that an earlier attempt left.
 *
 * @returns its absolute path
 * @throws TierdError LAKE_UNWRITABLE, LAKE_FULL
 */
export async function createStaging(
  fs: FileSystem,
  stagingRoot: string,
  moveId: string,
): Promise<string> {
  const path = stagingPath(stagingRoot, moveId);
  return writing(`make ${path}`, async () => {
    await removeTree(fs, path);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await makeDirectories(fs, dirname(stagingRoot), path);
        return path;
      } catch (error) {
        if (!isNodeError(error, 'ENOENT') || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  });
}

/**
 * Removes the move's staging directory with everything in it. None there: nothing to do.
 * @returns how many files it held
 */
export async function removeStaging(
  fs: FileSystem,
  stagingRoot: string,
  moveId: string,
): Promise<number> {
  const path = stagingPath(stagingRoot, moveId);
  return writing(`remove ${path}`, async () => {
    if ((await fs.look(stagingRoot)) === null) return 0;
    const files = await removeTree(fs, path);
    await removeEmptyDirectories(fs, dirname(stagingRoot), stagingRoot);
    return files;
  });
}

/** The ids of the moves that have a staging directory, in order. */
export async function listStaging(fs: FileSystem, stagingRoot: string): Promise<string[]> {
  return reading(`list ${stagingRoot}`, async () => {
    if ((await fs.look(stagingRoot)) === null) return [];
    const entries = await fs.readDirectory(stagingRoot);
    return entries.map((entry) => entry.name).sort();
  });
}

export function stagingPath(stagingRoot: string, moveId: string): string {
  // The rules for a key without a slash: one plain name that can't lead anywhere else.
  assertObjectKey(moveId.replaceAll('/', '\0'));
  return join(stagingRoot, moveId);
}
