/** What was found of backups that were looked at again, or restored. */
import { agree, countOf } from '../../domain/count.ts';
import { EXIT, TierdError } from '../../domain/errors.ts';
import { type DrillResult, isSame } from '../../jobs/drill-backup.ts';
import type { PrunePlan } from '../../jobs/prune-backups.ts';
import type { DamagedFile, VerifyResult } from '../../jobs/verify-backups.ts';
import type { Report } from '../context.ts';
import { errorDocument } from '../terminal/errors.ts';
import { formatBytes, formatDuration, formatInteger } from '../terminal/format.ts';
import { renderTable } from '../terminal/table.ts';
import { backupDocument } from './backup-report.ts';

export function reportVerified(
  { backups, files, bytes, damaged, damagedManifests }: VerifyResult,
  place: string,
): Report {
  const count = damaged.length + damagedManifests.length;
  const failure =
    count === 0
      ? null
      : new TierdError({
          code: 'BACKUP_DAMAGED',
          message: `${countOf(count, 'file')} of the backups in ${place} ${agree(count, 'is', 'are')} missing or altered; nothing was changed`,
          hint: 'move what is altered away and take a snapshot: what the lake still has comes back; then look whether that disk is healthy',
        });
  const tellFile = ({ sha256, reason, what, backups: ids }: DamagedFile): string =>
    `${reason} ${what.join(', ')} (${sha256.slice(0, 12)}…), which ${ids.join(', ')} ${agree(ids.length, 'needs', 'need')}`;
  return {
    json: {
      ...{ place, backups, files, bytes, sound: failure === null },
      damaged: damaged.map(({ sha256, reason, what, backups: ids }) => ({
        ...{ sha256, reason, what, backups: ids },
      })),
      damaged_manifests: damagedManifests,
      ...(failure === null ? {} : errorDocument(failure)),
    },
    text: ({ colour }) =>
      [
        `${failure === null ? colour.green('sound') : colour.red('damaged')} ${countOf(backups, 'backup')} in ${place}: ${countOf(files, 'file')} (${formatBytes(bytes)}) read again`,
        ...damaged.map((file) => `  ${tellFile(file)}`),
        ...damagedManifests.map((path) => `  ${path} is not what was written`),
      ].join('\n'),
    ...(failure === null ? {} : { failures: [failure], exitCode: EXIT.failed }),
  };
}

export function reportPrune({ keep, remove, files, bytes }: PrunePlan, isDry: boolean): Report {
  return {
    json: {
      dry_run: isDry,
      kept: keep.map(({ backup, by }) => ({ id: backup.id, kind: backup.kind, by })),
      removed: remove.map(({ id, kind }) => ({ id, kind })),
      files_removed: files.length,
      bytes_removed: bytes,
    },
    text: (style) =>
      [
        ...(keep.length + remove.length === 0
          ? []
          : [
              renderTable(
                [{ title: 'BACKUP' }, { title: 'KIND' }, { title: 'KEPT BY' }],
                [
                  ...keep.map(({ backup, by }) => [backup.id, backup.kind, by.join(', ')]),
                  ...remove.map(({ id, kind }) => [id, kind, isDry ? 'would go' : 'gone']),
                ],
                style,
              ),
            ]),
        `${isDry ? 'would remove' : style.colour.green('removed')} ${countOf(remove.length, 'backup')}, and ${countOf(files.length, 'file')} (${formatBytes(bytes)}) that no other needs`,
      ].join('\n'),
  };
}

export function reportDrill(result: DrillResult): Report {
  const { backup, datasets, lakeDifference, provenRows, restoreMs, totalMs } = result;
  const isRight = isSame(result);
  const differences = [
    ...datasets.flatMap(({ name, differences: own }) => own.map((one) => `${name}: ${one}`)),
    ...(lakeDifference === null ? [] : [lakeDifference]),
  ];
  const failure = isRight
    ? null
    : new TierdError({
        code: 'BACKUP_DIFFERS',
        message: `what was restored from ${backup.id} is not what was backed up: ${differences.join('; ')}`,
        hint: 'keep the older backups, run `tierd backup verify`, and take a new snapshot',
      });
  return {
    json: {
      ...{ backup: backupDocument(backup), same: isRight, differences, proven_rows: provenRows },
      ...{ restore_seconds: restoreMs / 1000, seconds: totalMs / 1000 },
      ...(failure === null ? {} : errorDocument(failure)),
    },
    text: (style) =>
      [
        renderTable(
          [
            { title: 'DATASET' },
            { title: 'HOT ROWS', align: 'right' },
            { title: 'SEGMENTS', align: 'right' },
            { title: 'COLD ROWS', align: 'right' },
            { title: 'AS BEFORE' },
          ],
          datasets.map(({ name, hot, segments, coldRows, differences: own }) => [
            name,
            hot === null ? 'no table' : formatInteger(Number(hot.rows)),
            formatInteger(segments),
            formatInteger(coldRows),
            own.length === 0 ? 'yes' : 'no',
          ]),
          style,
        ),
        `${isRight ? style.colour.green('the same') : style.colour.red('different')} ${backup.id} was restored in ${formatDuration(restoreMs)}, and compared in ${formatDuration(totalMs - restoreMs)}: each value of ${formatInteger(provenRows)} cold rows was proven`,
        ...differences.map((one) => `  ${one}`),
      ].join('\n'),
    ...(failure === null ? {} : { failures: [failure], exitCode: EXIT.failed }),
  };
}
