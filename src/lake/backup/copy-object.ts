/** A file of a backup to where it is to be used again: compared on the way. */
import { createHash } from 'node:crypto';
import type { BackedUpFile } from '../../domain/backup/manifest.ts';
import { TierdError } from '../../domain/errors.ts';
import { checksumOf } from '../checksum.ts';
import { unlinkIfThere } from '../file-system.ts';
import { readingBackup, writingBackup } from './backup-failure.ts';
import { objectPath } from './backup-objects.ts';
import type { BackupPlace } from './backup-place.ts';

/**
 * @param staged where it is made, and flushed
 * @throws TierdError BACKUP_DAMAGED, and nothing is at `staged` then; BACKUP_FULL, BACKUP_UNWRITABLE
 */
export async function copyObject(
  from: BackupPlace,
  to: BackupPlace,
  file: BackedUpFile,
  staged: string,
  signal: AbortSignal,
): Promise<void> {
  const path = objectPath(from, file);
  await assertThere(from, path);
  const hash = createHash('sha256');
  async function* passing(): AsyncIterable<Uint8Array> {
    for await (const chunk of from.fs.read(path, null, signal)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  await writingBackup(`copy ${path} to ${to.root}`, async () => {
    await to.fs.copyIn(passing(), staged);
    if (hash.digest('hex') !== file.sha256) {
      await unlinkIfThere(to.fs, staged);
      throw damagedObject(path, false);
    }
    await to.fs.syncFile(staged);
  });
}

/** Whether it is at `path` already, byte by byte; what else lies there of a restore that was killed is removed. */
export async function isObject(
  { fs }: BackupPlace,
  path: string,
  { bytes, sha256 }: BackedUpFile,
  signal: AbortSignal,
): Promise<boolean> {
  const facts = await readingBackup(`look at ${path}`, () => fs.look(path));
  if (facts === null) return false;
  const isSame =
    facts.bytes === bytes &&
    (await readingBackup(`read ${path}`, () => checksumOf(fs.read(path, null, signal)))).sha256 ===
      sha256;
  if (!isSame) await writingBackup(`remove ${path}`, () => fs.unlink(path));
  return isSame;
}

async function assertThere({ fs }: BackupPlace, path: string): Promise<void> {
  const facts = await readingBackup(`look at ${path}`, () => fs.look(path));
  if (facts === null) throw damagedObject(path, true);
}

export function damagedObject(path: string, isMissing: boolean): TierdError {
  return new TierdError({
    code: 'BACKUP_DAMAGED',
    message: `${path} ${isMissing ? 'is not there' : 'is not what was kept there'}, so this backup can't be restored whole; nothing but the folder that is restored into was changed`,
    hint: '`tierd backup verify` names all that is damaged and which backups are sound; restore one of those',
    context: { path },
  });
}
