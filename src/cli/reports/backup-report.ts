/** Backups, as they are printed. */
import { bytesOf, filesOf, type NamedBackup } from '../../domain/backup/manifest.ts';
import { countOf } from '../../domain/count.ts';
import { formatSnapshotVersion } from '../../domain/lake/snapshot-version.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import type { TakenBackup } from '../../jobs/take-backup.ts';
import type { BackupList } from '../../lake/backup/manifest-files.ts';
import type { BackupLogEntry } from '../../ledger/backup-logs.ts';
import type { Report } from '../context.ts';
import { formatBytes, formatDuration, formatInteger, formatRelative } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';

const iso = (at: EpochMs): string => new Date(at).toISOString();

export function backupDocument(backup: NamedBackup): Readonly<Record<string, unknown>> {
  const { id, kind, takenAt, segments, datasets, dump, version, postgres } = backup;
  return {
    ...{ id, kind, taken_at: iso(takenAt), snapshot_version: formatSnapshotVersion(version) },
    ...{ segments: segments.length, segment_bytes: bytesOf(segments), dump_bytes: dump.bytes },
    ...{ bytes: bytesOf(filesOf(backup)), postgres: postgres.version },
    datasets: datasets.map(({ name, hot, coldRows }) => ({
      ...{ dataset: name, cold_rows: coldRows, hot_rows: hot === null ? null : Number(hot.rows) },
    })),
  };
}

export function reportTaken(
  { backup, isUnchanged, isDumpNew, taken }: TakenBackup,
  place: string,
  elapsedMs: number,
): Report {
  const { linked, copied, thereAlready, addedBytes, linkedBytes } = taken;
  return {
    json: {
      ...{ backup: backupDocument(backup), place, unchanged: isUnchanged, new_dump: isDumpNew },
      ...{ files_linked: linked, files_copied: copied, files_there_already: thereAlready },
      ...{ added_bytes: addedBytes, linked_bytes: linkedBytes, seconds: elapsedMs / 1000 },
    },
    text: ({ colour }) => {
      if (isUnchanged) {
        return `${colour.green('unchanged')} the database says what it said in ${backup.id}, which stands for it (${formatDuration(elapsedMs)})`;
      }
      const segments =
        backup.kind === 'dump'
          ? ''
          : `, ${countOf(backup.segments.length, 'segment')} (${formatBytes(bytesOf(backup.segments))})`;
      return [
        `${colour.green('done')} ${backup.kind} ${backup.id} in ${place}: the dump (${formatBytes(backup.dump.bytes)}${isDumpNew ? '' : ', as before'})${segments}`,
        `  new there: ${formatBytes(addedBytes)}, ${formatBytes(linkedBytes)} of it files of the lake under a second name; ${countOf(thereAlready, 'file')} had been there (${formatDuration(elapsedMs)})`,
      ].join('\n');
    },
  };
}

export function reportList({ backups, damaged }: BackupList, place: string, now: EpochMs): Report {
  const newestFirst = backups.toReversed();
  return {
    json: { place, backups: newestFirst.map(backupDocument), damaged_manifests: damaged },
    text: (style) =>
      [
        backups.length === 0
          ? `no backups in ${place}`
          : renderTable(
              [
                { title: 'BACKUP' },
                { title: 'KIND' },
                { title: 'TAKEN' },
                { title: 'SEGMENTS', align: 'right' },
                { title: 'LAKE', align: 'right' },
                { title: 'DUMP', align: 'right' },
              ],
              newestFirst.map(({ id, kind, takenAt, segments, dump }) => [
                ...[id, kind, formatRelative(takenAt, now)],
                kind === 'dump' ? '' : formatInteger(segments.length),
                kind === 'dump' ? '' : formatBytes(bytesOf(segments)),
                formatBytes(dump.bytes),
              ]),
              style,
            ),
        ...damaged.map((path) => `${style.colour.red('damaged')} ${path} is not what was written`),
      ].join('\n'),
  };
}

export function reportRuns(runs: readonly BackupLogEntry[], now: EpochMs): Report {
  return {
    json: {
      runs: runs.map((run) => ({
        ...{ kind: run.kind, state: run.state, backup: run.backup },
        ...{ started_at: iso(run.startedAt), seconds: run.seconds },
        ...{ bytes: run.bytes, added_bytes: run.addedBytes, error_code: run.errorCode },
      })),
    },
    text: (style) =>
      runs.length === 0
        ? 'no run of a backup is in the log'
        : renderTable(
            [
              { title: 'RUN' },
              { title: 'STARTED' },
              { title: 'STATE' },
              { title: 'TOOK', align: 'right' },
              { title: 'SIZE', align: 'right' },
              { title: 'ADDED', align: 'right' },
              { title: 'BACKUP' },
            ],
            runs.map(
              ({ kind, state, backup, startedAt, seconds, bytes, addedBytes, errorCode }) => [
                ...[kind, formatRelative(startedAt, now)],
                errorCode === null ? state : `${state} (${errorCode})`,
                seconds === null ? '' : formatDuration(seconds * 1000),
                bytes === null ? '' : formatBytes(bytes),
                addedBytes === null ? '' : formatBytes(addedBytes),
                backup ?? '',
              ],
            ),
            style,
          ),
  };
}
