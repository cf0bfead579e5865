/** The backups that a person means. */
import type { NamedBackup } from '../../domain/backup/manifest.ts';
import { TierdError } from '../../domain/errors.ts';
import type { BackupPlace } from '../../lake/backup/backup-place.ts';
import type { BackupList } from '../../lake/backup/manifest-files.ts';

/** The word that stands for the newest snapshot. */
export const LATEST = 'latest';

/** @param ids whole, or so much of their beginning that no other has it; `latest` @throws TierdError BACKUP_NOT_FOUND */
export function chooseBackups(
  place: BackupPlace,
  list: BackupList,
  ids: readonly string[],
): readonly NamedBackup[] {
  return ids.map((id) => chooseBackup(place, list, id));
}

export function chooseBackup({ root }: BackupPlace, list: BackupList, id: string): NamedBackup {
  const { backups, damaged } = list;
  const found =
    id === LATEST
      ? backups.filter(({ kind }) => kind === 'snapshot').slice(-1)
      : backups.filter((backup) => id !== '' && backup.id.startsWith(id));
  const [only, ...more] = found;
  if (only !== undefined && more.length === 0) return only;
  const isDamaged = damaged.some((path) => path.includes(id));
  throw new TierdError({
    code: isDamaged ? 'BACKUP_DAMAGED' : 'BACKUP_NOT_FOUND',
    message: isDamaged
      ? `the manifest of ${id} in ${root} is not what was written, so it is not known what the backup consists of; nothing was changed`
      : only === undefined
        ? `${root} has no ${id === LATEST ? 'snapshot' : `backup ${id}`}; nothing was changed`
        : `${id} is the beginning of several backups in ${root}: ${found.map((backup) => backup.id).join(', ')}; nothing was changed`,
    hint: '`tierd backup list` has them all',
    context: { place: root, id },
  });
}
