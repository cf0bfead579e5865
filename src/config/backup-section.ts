/** The `backup` section: where `tierd backup` keeps what, and for how long. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { KeepRules } from '../domain/backup/retention.ts';
import { choice, duration, text, wholeNumber } from './fields.ts';
import { parseDuration } from './units.ts';

export interface BackupConfig {
  /** Absolute. */
  readonly path: string;
  readonly lakeFiles: 'link' | 'copy';
  /** Absolute; null: wherever PATH finds them. */
  readonly programs: string | null;
  readonly keep: KeepRules;
  /** In milliseconds; of a kind that is not here its schedule says how old the last good run may be. */
  readonly overdue: Readonly<Partial<Record<OverdueKind, number>>>;
}

/** What alerts watch the age of. */
export const OVERDUE_KINDS = ['snapshot', 'dump', 'verify', 'drill'] as const;

export type OverdueKind = (typeof OVERDUE_KINDS)[number];

const MOST_KEPT = 100_000;

const keepField = z.strictObject({
  last: wholeNumber(
    { min: 1, max: MOST_KEPT },
    'The newest so many, however old they are.',
  ).default(3),
  daily: wholeNumber(
    { min: 0, max: MOST_KEPT },
    'Of so many days that have a backup, the newest one. Days, weeks and months are UTC’s.',
  ).default(7),
  weekly: wholeNumber({ min: 0, max: MOST_KEPT }, 'The same of weeks, from Monday on.').default(4),
  monthly: wholeNumber({ min: 0, max: MOST_KEPT }, 'The same of months.').default(12),
});

const overdueField = z.strictObject({
  snapshot: duration('Of `tierd backup snapshot`.').optional(),
  dump: duration('Of `tierd backup dump`.').optional(),
  verify: duration('Of `tierd backup verify`.').optional(),
  drill: duration('Of `tierd backup drill`.').optional(),
});

export const backupSection = z.strictObject({
  path: text(
    'Directory of the backups, best on another disk than the lake and the database. Made where it is missing; apart from the lake. Relative to this file.',
    '/mnt/backup/tierd',
  ),
  lake_files: choice(
    ['link', 'copy'],
    'How files of the lake come into a snapshot: `link` gives a file on the same disk a second name, which takes no room and no time and is lost with that disk; `copy` always copies. What lies on another disk is copied anyway.',
  ).default('link'),
  programs: text(
    'Directory that holds pg_dump and pg_restore, of the server’s own major version or a newer one. Those of the PATH when left out.',
    '/usr/lib/postgresql/17/bin',
  ).optional(),
  keep: keepField.prefault({}).meta({
    description:
      'What `tierd backup prune` keeps, snapshots and dumps apart: all that any of these rules keeps.',
  }),
  overdue: overdueField.prefault({}).meta({
    description:
      'When the last good run is older than this it is an alert, whoever starts them. Where `schedules.backup` has times, twice the longest time between two of them when left out.',
  }),
});

export type BackupFile = z.output<typeof backupSection>;

export function resolveBackup(file: BackupFile, fileDirectory: string): BackupConfig {
  return {
    path: resolve(fileDirectory, file.path),
    lakeFiles: file.lake_files,
    programs: file.programs === undefined ? null : resolve(fileDirectory, file.programs),
    keep: file.keep,
    overdue: Object.fromEntries(
      OVERDUE_KINDS.flatMap((kind) => {
        const text = file.overdue[kind];
        return text === undefined ? [] : [[kind, parseDuration(text)]];
      }),
    ),
  };
}
