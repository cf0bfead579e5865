/**
 * Gives a staged file its final name so that a power cut at any moment leaves the object either
 * absent or whole, and so that nothing is ever replaced (I3, I4).
 *
 *   flush the file → make and flush directories → link → flush the directory → unlink the staged name
 *
 * `link` and not `rename`, because link refuses where the name is taken. On file systems without
 * hard links (exFAT, some network shares) it is a look and then a rename: two writers that publish
 * under one key in the same instant could then replace one by the other. Keys carry the hash of
 * their content, so both would be the same object.
 */
import { dirname } from 'node:path';
import { TierdError } from '../domain/errors.ts';
import { checksumOf } from './checksum.ts';
import { makeDirectories } from './directories.ts';
import type { FileSystem } from './file-system.ts';
import { isNodeError } from './file-system.ts';
import type { ObjectFacts, PutOutcome } from './object-store.ts';

export interface FileToPublish {
  readonly root: string;
  readonly stagedPath: string;
  readonly finalPath: string;
  readonly facts: ObjectFacts;
}

/** Each new attempt needs another process to have removed the directory just then. */
const MAX_ATTEMPTS = 20;

export async function publishFile(
  fs: FileSystem,
  file: FileToPublish,
  signal?: AbortSignal,
): Promise<PutOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const there = await fs.look(file.finalPath);
    if (there !== null) {
      await assertSameObject(fs, file, signal);
      await settle(fs, file);
      return 'already-there';
    }
    signal?.throwIfAborted();
    await assertStagedAsMeasured(fs, file);
    await fs.syncFile(file.stagedPath);
    try {
      await makeDirectories(fs, file.root, dirname(file.finalPath));
      await nameFinally(fs, file);
    } catch (error) {
      // EEXIST: published by another meanwhile, to be compared. ENOENT: the partition was emptied
      // and its directory removed between making it and linking into it.
      if (isNodeError(error, 'EEXIST', 'ENOENT') && attempt < MAX_ATTEMPTS) continue;
      throw error;
    }
    await fs.syncDirectory(dirname(file.finalPath));
    await unlinkStaged(fs, file.stagedPath);
    return 'created';
  }
}

/** Makes an adopted object last: whoever linked it may have been killed before flushing. */
async function settle(fs: FileSystem, file: FileToPublish): Promise<void> {
  const directory = dirname(file.finalPath);
  await fs.syncFile(file.finalPath);
  await makeDirectories(fs, file.root, directory);
  await fs.syncDirectory(directory);
  await unlinkStaged(fs, file.stagedPath);
}

async function nameFinally(fs: FileSystem, file: FileToPublish): Promise<void> {
  try {
    await fs.link(file.stagedPath, file.finalPath);
  } catch (error) {
    if (!isNodeError(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error;
    if ((await fs.look(file.finalPath)) !== null) {
      throw Object.assign(new Error(`${file.finalPath} exists`), { code: 'EEXIST' });
    }
    await fs.rename(file.stagedPath, file.finalPath);
  }
}

async function unlinkStaged(fs: FileSystem, stagedPath: string): Promise<void> {
  try {
    await fs.unlink(stagedPath);
  } catch (error) {
    // Renamed, or removed by the attempt that was killed after publishing.
    if (!isNodeError(error, 'ENOENT')) throw error;
  }
}

async function assertStagedAsMeasured(fs: FileSystem, file: FileToPublish): Promise<void> {
  const staged = await fs.look(file.stagedPath);
  if (staged?.kind === 'file' && staged.bytes === file.facts.bytes) return;
  const found = staged === null ? 'nothing' : `a ${staged.kind} of ${String(staged.bytes)} bytes`;
  throw new TierdError({
    code: 'STAGED_FILE_CHANGED',
    message: `The staged file ${file.stagedPath} was measured with ${String(file.facts.bytes)} bytes and is now ${found}. Nothing was published.`,
    hint: 'Let nothing but tierd touch the staging area; run the same command again.',
    context: { path: file.stagedPath, expectedBytes: file.facts.bytes },
  });
}

async function assertSameObject(
  fs: FileSystem,
  file: FileToPublish,
  signal?: AbortSignal,
): Promise<void> {
  const there = await fs.look(file.finalPath);
  if (there?.kind === 'file' && there.bytes === file.facts.bytes) {
    const { sha256 } = await checksumOf(fs.read(file.finalPath, null, signal));
    if (sha256 === file.facts.sha256) return;
  }
  throw new TierdError({
    code: 'OBJECT_CONFLICT',
    message: `${file.finalPath} exists and is not the object to be published (${String(file.facts.bytes)} bytes, SHA-256 ${file.facts.sha256}). It was left as it is, and no row was deleted.`,
    hint: 'Run `tierd scrub`: it tells whether the ledger knows that file and whether it was altered. Move a foreign file out of the lake, then run the same command again.',
    context: { path: file.finalPath, expected: file.facts, found: there },
  });
}
