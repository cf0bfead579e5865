/** Directories of a local lake: made so that they last, removed when they have become empty. */
import { dirname, join } from 'node:path';
import type { FileSystem } from './file-system.ts';
import { isNodeError } from './file-system.ts';

/**
 * Makes `path`, which lies in `root`, and whatever is missing above it, flushing the parent of
 * every directory on the way. Of all of them, not only of the new ones: one that a killed process
 * made may not have reached the disk, and flushing a clean directory costs next to nothing.
 *
 * Fails with ENOENT when another process removes an emptied directory meanwhile: call again.
 */
export async function makeDirectories(fs: FileSystem, root: string, path: string): Promise<void> {
  await makeRoot(fs, root);
  for (const directory of directoriesBetween(root, path)) {
    await makeUnlessThere(fs, directory);
    await fs.syncDirectory(dirname(directory));
  }
}

/**
 * Removes `path` and its parents below `root`, as far up as they are empty, and flushes the first
 * one that stays. A directory that another process fills meanwhile stays.
 */
export async function removeEmptyDirectories(
  fs: FileSystem,
  root: string,
  path: string,
): Promise<void> {
  let at = path;
  while (at !== root) {
    try {
      await fs.removeDirectory(at);
    } catch (error) {
      if (isNodeError(error, 'ENOTEMPTY', 'EEXIST')) break;
      if (!isNodeError(error, 'ENOENT')) throw error;
    }
    at = dirname(at);
  }
  try {
    await fs.syncDirectory(at);
  } catch (error) {
    // Another process removed it as well: then what was in it is gone, and that one flushes.
    if (!isNodeError(error, 'ENOENT')) throw error;
  }
}

/** The directories below `root` that lead to `path`, and `path` itself, outermost first. */
export function directoriesBetween(root: string, path: string): string[] {
  const chain: string[] = [];
  for (let at = path; at !== root && at !== dirname(at); at = dirname(at)) chain.unshift(at);
  return chain;
}

async function makeRoot(fs: FileSystem, root: string): Promise<void> {
  if ((await fs.look(root)) !== null) return;
  await makeRoot(fs, dirname(root));
  await makeUnlessThere(fs, root);
  await fs.syncDirectory(dirname(root));
}

export async function makeUnlessThere(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.makeDirectory(path);
  } catch (error) {
    if (!isNodeError(error, 'EEXIST')) throw error;
  }
}

/**
 * Follows no link: one that lies in the directory is removed, not what it points to.
 * @returns how many files there were
 */
export async function removeTree(fs: FileSystem, path: string): Promise<number> {
  const facts = await fs.look(path);
  if (facts === null) return 0;
  if (facts.kind !== 'directory') {
    await fs.unlink(path);
    return 1;
  }
  let files = 0;
  for (const entry of await fs.readDirectory(path)) {
    files += await removeTree(fs, join(path, entry.name));
  }
  await fs.removeDirectory(path);
  return files;
}
