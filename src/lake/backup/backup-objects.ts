/** Files of backups, each under its SHA-256, and once however many backups have it. */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { BackedUpFile, BackedUpObject } from '../../domain/backup/manifest.ts';
import { TierdError } from '../../domain/errors.ts';
import { type Checksum, checksumOf } from '../checksum.ts';
import { removeEmptyDirectories } from '../directories.ts';
import { isNodeError, unlinkIfThere } from '../file-system.ts';
import type { ObjectStore } from '../object-store.ts';
import { readingBackup, writingBackup } from './backup-failure.ts';
import { type BackupPlace, nameForGood } from './backup-place.ts';

const OBJECTS = 'objects';

export function objectPath({ root }: BackupPlace, { sha256 }: { readonly sha256: string }): string {
  return join(root, OBJECTS, sha256.slice(0, 2), sha256);
}

/** Whether it is there, by its length. @throws TierdError BACKUP_DAMAGED where another length is */
export async function hasObject(place: BackupPlace, file: BackedUpFile): Promise<boolean> {
  const path = objectPath(place, file);
  const found = await readingBackup(`look at ${path}`, () => place.fs.look(path));
  if (found === null) return false;
  if (found.kind === 'file' && found.bytes === file.bytes) return true;
  throw new TierdError({
    code: 'BACKUP_DAMAGED',
    message: `${path} is a ${found.kind} of ${String(found.bytes)} bytes, and a file of ${String(file.bytes)} was kept there. It was left as it is.`,
    hint: '`tierd backup verify` says which backups need it. Move it away; the next snapshot takes it anew where the lake still has it',
    context: { path },
  });
}

export type TakenObject = 'there already' | 'linked' | 'copied';

/** How a file of the lake comes here. */
export interface Taking {
  readonly lake: ObjectStore;
  /** By a second name where that can be. */
  readonly mayLink: boolean;
  /** Of the run. */
  readonly staging: string;
  readonly signal: AbortSignal;
}

/**
 * A second name is safe: no file of the lake is written to once it is published (I3), and to remove it there is to
 * remove that name alone. What it holds is read here once, and compared.
 *
 * @throws TierdError VERIFY_MISMATCH where the lake's file is not what was published; OBJECT_MISSING where it is gone;
 *   BACKUP_DAMAGED, BACKUP_FULL, BACKUP_UNWRITABLE
 */
export async function takeObject(
  place: BackupPlace,
  { lake, mayLink, staging, signal }: Taking,
  object: BackedUpObject,
): Promise<TakenObject> {
  if (await hasObject(place, object)) return 'there already';
  const { fs } = place;
  const staged = join(staging, object.sha256);
  return writingBackup(`keep ${lake.locate(object.key)} in ${place.root}`, async () => {
    try {
      const isLinked = mayLink && (await linkedFrom(place, lake.locate(object.key), staged));
      const found = isLinked
        ? await checksumOf(fs.read(staged, null, signal))
        : await copyHashing(place, lake.read(object.key, undefined, signal), staged);
      assertPublished(lake, object, found);
      // Flushed when it was published: to do so again would give a file of the lake the rights of backups.
      if (!isLinked) await fs.syncFile(staged);
      await nameForGood(place, staged, objectPath(place, object));
      return isLinked ? 'linked' : 'copied';
    } finally {
      await unlinkIfThere(fs, staged);
    }
  });
}

/** @returns false where this file can have no second name here, and has to be copied */
async function linkedFrom({ fs }: BackupPlace, path: string, staged: string): Promise<boolean> {
  await unlinkIfThere(fs, staged);
  try {
    await fs.link(path, staged);
  } catch (error) {
    // ENOENT too: the lake's own words for what is not there are better.
    if (isNodeError(error, 'EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'ENOSYS', 'ENOENT')) {
      return false;
    }
    throw error;
  }
  // A symbolic link that somebody put there is read, and what it leads to copied.
  if ((await fs.look(staged))?.kind === 'file') return true;
  await unlinkIfThere(fs, staged);
  return false;
}

async function copyHashing(
  { fs }: BackupPlace,
  chunks: AsyncIterable<Uint8Array>,
  staged: string,
): Promise<Checksum> {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* passing(): AsyncIterable<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  await fs.copyIn(passing(), staged);
  return { bytes, sha256: hash.digest('hex') };
}

function assertPublished(
  lake: ObjectStore,
  { key, bytes, sha256 }: BackedUpObject,
  found: Checksum,
): void {
  if (found.bytes === bytes && found.sha256 === sha256) return;
  throw new TierdError({
    code: 'VERIFY_MISMATCH',
    message: `${lake.locate(key)} is not what was published: ${String(bytes)} bytes with SHA-256 ${sha256} were, and ${String(found.bytes)} with ${found.sha256} lie there. No backup was made, and nothing was changed.`,
    hint: '`tierd scrub` says what else is altered; put the file back from an earlier backup (`tierd backup list`), then run the same command again',
    context: { key, expected: { bytes, sha256 }, found },
  });
}

/** Publishes what this run has written to `staged`. */
export async function keepStaged(
  place: BackupPlace,
  staged: string,
  file: BackedUpFile,
): Promise<TakenObject> {
  return writingBackup(`keep ${staged}`, async () => {
    if (await hasObject(place, file)) {
      await unlinkIfThere(place.fs, staged);
      return 'there already';
    }
    await place.fs.syncFile(staged);
    await nameForGood(place, staged, objectPath(place, file));
    return 'copied';
  });
}

/** As it is read now. Null where there is none. */
export async function readObject(
  place: BackupPlace,
  file: { readonly sha256: string },
  signal: AbortSignal,
): Promise<Checksum | null> {
  const path = objectPath(place, file);
  return readingBackup(`read ${path}`, async () => {
    if ((await place.fs.look(path)) === null) return null;
    return checksumOf(place.fs.read(path, null, signal));
  });
}

export interface FoundObject extends BackedUpFile {
  readonly path: string;
}

/** All that lie there, whoever needs them. */
export async function listObjects({ root, fs }: BackupPlace): Promise<readonly FoundObject[]> {
  const top = join(root, OBJECTS);
  return readingBackup(`list ${top}`, async () => {
    if ((await fs.look(top)) === null) return [];
    const found: FoundObject[] = [];
    for (const folder of await fs.readDirectory(top)) {
      for (const { name } of await fs.readDirectory(join(top, folder.name))) {
        const path = join(top, folder.name, name);
        const bytes = (await fs.look(path))?.bytes ?? 0;
        found.push({ path, sha256: name, bytes });
      }
    }
    return found;
  });
}

export async function removeObject({ root, fs }: BackupPlace, path: string): Promise<void> {
  await writingBackup(`remove ${path}`, async () => {
    await unlinkIfThere(fs, path);
    await removeEmptyDirectories(fs, root, dirname(path));
  });
}
