/** backup verify: each file of the backups is read again and compared. Changes nothing there, and needs no database. */
import { bytesOf, filesOf, type NamedBackup } from '../domain/backup/manifest.ts';
import { readObject } from '../lake/backup/backup-objects.ts';
import { type BackupPlace, readBackupMarker } from '../lake/backup/backup-place.ts';
import { listBackups } from '../lake/backup/manifest-files.ts';
import { chooseBackups } from './backup/choose-backup.ts';
import type { TellProgress } from './backup/rooms.ts';
import { noBackups } from './backup/while-backing-up.ts';
import { stopIfAborted } from './job-failure.ts';

export interface DamagedFile {
  readonly sha256: string;
  readonly reason: 'missing' | 'altered';
  /** The segment of the lake, or what else it is; each name that a backup has for it. */
  readonly what: readonly string[];
  /** Ids of the backups that can't be restored whole. */
  readonly backups: readonly string[];
}

export interface VerifyResult {
  readonly backups: number;
  readonly files: number;
  readonly bytes: number;
  readonly damaged: readonly DamagedFile[];
  /** Paths. */
  readonly damagedManifests: readonly string[];
}

/**
 * @param ids none: all
 * @throws TierdError BACKUP_NOT_FOUND, BACKUP_NOT_OURS, BACKUP_UNREADABLE, INTERRUPTED
 */
export async function verifyBackups(
  place: BackupPlace,
  ids: readonly string[],
  signal: AbortSignal,
  tell: TellProgress,
): Promise<VerifyResult> {
  if ((await readBackupMarker(place)) === null) throw noBackups(place);
  const list = await listBackups(place);
  const chosen = ids.length === 0 ? list.backups : chooseBackups(place, list, ids);
  const files = [...new Map(chosen.flatMap(filesOf).map((file) => [file.sha256, file])).values()];
  const ofBytes = bytesOf(files);
  const damaged: DamagedFile[] = [];
  let doneBytes = 0;
  for (const file of files) {
    stopIfAborted(signal);
    const found = await readObject(place, file, signal);
    if (found?.sha256 !== file.sha256) {
      const reason = found === null ? 'missing' : 'altered';
      damaged.push({ sha256: file.sha256, reason, ...namesOf(file.sha256, chosen) });
    }
    doneBytes += file.bytes;
    tell('verify', doneBytes, ofBytes);
  }
  return {
    ...{ backups: chosen.length, files: files.length, bytes: ofBytes },
    damaged: await stillNamed(place, damaged),
    damagedManifests: ids.length === 0 ? list.damaged : [],
  };
}

/** What a prune has removed meanwhile is no damage. */
async function stillNamed(
  place: BackupPlace,
  damaged: readonly DamagedFile[],
): Promise<readonly DamagedFile[]> {
  if (damaged.length === 0) return damaged;
  const there = new Set((await listBackups(place)).backups.map(({ id }) => id));
  return damaged
    .map((one) => ({ ...one, backups: one.backups.filter((id) => there.has(id)) }))
    .filter(({ backups }) => backups.length > 0);
}

function namesOf(
  sha256: string,
  backups: readonly NamedBackup[],
): Pick<DamagedFile, 'what' | 'backups'> {
  const what = new Set<string>();
  const ids: string[] = [];
  for (const { id, dump, segments, records } of backups) {
    const keys = [...segments, ...records].filter((object) => object.sha256 === sha256);
    if (dump.sha256 === sha256) what.add('the dump of the database');
    for (const { key } of keys) what.add(key);
    if (dump.sha256 === sha256 || keys.length > 0) ids.push(id);
  }
  return { what: [...what], backups: ids };
}
