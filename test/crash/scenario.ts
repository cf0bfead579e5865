/** What the crash suites share: the order to a victim, and tables of each kind to rotate. */

import type { Dataset } from '../../src/domain/dataset.ts';
import type { S3Target } from '../../src/domain/lake/s3-target.ts';
import type { EpochMs, TimeRange } from '../../src/domain/time/time-range.ts';
import type { RestoreRequest } from '../../src/jobs/restore/rooms.ts';
import type { TestDatabase } from '../support/database.ts';
import { daysAgo, NOW } from '../support/rotation.ts';

export interface VictimOrder {
  readonly url: string;
  /** The local lake; of one in a bucket the directory where files wait to be sent. */
  readonly lake: string;
  /** Null for a local lake. */
  readonly s3: S3Target | null;
  readonly spill: string;
  readonly dataset: Dataset;
  readonly now: EpochMs;
  readonly leaseTtlMs: number;
  /** The ordinal of the effect to die at, 0 is none; or how the label of the first such effect begins. */
  readonly killAt: number | string;
  readonly moment: 'before' | 'sent';
  /** What is to be brought back, instead of a rotation. */
  readonly restore?: Pick<RestoreRequest, 'span' | 'where'>;
  /** A compaction, instead of a rotation; with a time it writes anew what is older. */
  readonly compact?: { readonly rewriteBefore?: EpochMs };
  /** An expiry, instead of a rotation. */
  readonly expire?: true;
  /** A deletion of what `DELETED` says, instead of a rotation. */
  readonly delete?: true;
  /** The lake taken up by a ledger that knows nothing of it, instead of a rotation. */
  readonly adopt?: true;
  /** Segments sent to a far place beside the lake, instead of a rotation. */
  readonly tier?: true;
  /** Partitions made ahead, instead of a rotation. */
  readonly partitions?: true;
  /** A file of corrections, instead of a rotation. */
  readonly correct?: string;
  /** A file that is ingested, instead of a rotation. */
  readonly ingest?: string;
  /** The lake copied into that bucket, by way of that directory, instead of a rotation. */
  readonly copy?: { readonly into: S3Target; readonly by: string };
}

/** Where victims have the far place of a lake on the disk. */
export const farOf = (lake: string): string => `${lake}_far`;

/** `again`: a plain table with a key, into which rows come that have been moved. */
export type ScenarioKind = 'plain' | 'partitioned' | 'hypertable' | 'again';

/** Days of rows before the cutoff, in one chunk, which are due; and one after it, which stays. */
const DUE_DAYS = [34, 33];
const HOT_DAY = 5;
const ROWS_A_DAY = 40;

/** `id` names a row for ever; `version` grows with each update of it. */
export const COLUMNS =
  'time timestamptz not null, symbol text, id bigint not null, version int not null, price numeric(20,8)';

export async function createTable(
  database: TestDatabase,
  kind: ScenarioKind,
  table: string,
): Promise<void> {
  switch (kind) {
    case 'plain':
      await database.query(`create table ${table} (${COLUMNS})`);
      return;
    case 'again':
      await database.query(`create table ${table} (${COLUMNS}, primary key (id, time))`);
      return;
    case 'partitioned':
      await database.query(`create table ${table} (${COLUMNS}) partition by range (time)`);
      await database.query(
        `create table ${table}_due partition of ${table} for values from ('${daysAgo(35)}') to ('${daysAgo(32)}')`,
      );
      await database.query(`create table ${table}_rest partition of ${table} default`);
      return;
    case 'hypertable':
      await database.query(`create table ${table} (${COLUMNS})`);
      await database.query(
        `select create_hypertable('${table}', 'time', chunk_time_interval => interval '3 days')`,
      );
      return;
  }
}

export async function fillTable(database: TestDatabase, table: string): Promise<void> {
  for (const [index, day] of [...DUE_DAYS, HOT_DAY].entries()) {
    await database.query(
      `insert into ${table} select $1::timestamptz + n * interval '7 minutes', 's' || n % 3, $2 + n, 0, n / 7.0
       from generate_series(0, ${String(ROWS_A_DAY - 1)}) n`,
      [daysAgo(day), index * 1_000],
    );
  }
}

/** What the table began with, for whoever brings it again. */
export const copyOf = (table: string): string => `${table}_copy`;

/** The first day comes again as it was, with one row changed. */
export async function importAgain(database: TestDatabase, table: string): Promise<void> {
  await database.query(
    `insert into ${table} select * from ${copyOf(table)} where id < 1000;
     update ${table} set version = 1 where id = 7`,
  );
}

/** All of the days that are due. */
export const DUE_SPAN: TimeRange = {
  fromInclusive: Date.parse(daysAgo(Math.max(...DUE_DAYS))),
  toExclusive: Date.parse(daysAgo(Math.min(...DUE_DAYS) - 1)),
};

export const SCENARIO_NOW = NOW;
/** Where writers put rows: within the days that are due. */
export const dueInstant = (n: number): string =>
  new Date(
    Date.parse(daysAgo(DUE_DAYS[n % DUE_DAYS.length] ?? 0)) + (n % 1_000) * 60_000,
  ).toISOString();

/** Of the first of the days that are due some rows; of the second all of them. */
export const DELETED = 'id % 3 = 1 or id >= 1000';
