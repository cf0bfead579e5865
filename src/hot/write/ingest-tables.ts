/**
 * Temporary tables of a session through which files come in: a file's texts as they are, then all files' rows as the
 * table's columns hold them. Only whoever staged them sees them, and they are gone with the connection.
 */
import type pg from 'pg';
import type { Routes } from '../../domain/ingest/routes.ts';
import type { TableDescription, TableRef, TimeColumn } from '../../domain/table.ts';
import type { EpochMs, TimeRange } from '../../domain/time/time-range.ts';
import { copyRowsIn } from '../copy/copy-rows-in.ts';
import { type RowFilter, rowsWhere } from '../measure/row-filter.ts';
import { atOrAfter, timeBounds } from '../measure/time-bounds.ts';
import { quoteName, quoteTable } from '../quote.ts';
import { inlined, run, sql, tableName } from '../sql.ts';
import { readRowRules } from './row-rules.ts';

const TEMPORARY = 'pg_temp';
const temporary = (name: string): TableRef => ({ schema: TEMPORARY, name });

/** A file's texts, as `c0`, `c1`, …; with their number as `n`, and whether they are still rows as `ok`. */
export const TEXTS = temporary('tierd_ingest_texts');
/** A file's lines of JSON. */
export const LINES = temporary('tierd_ingest_lines');
/** What is wrong with texts of a file. */
export const BAD = temporary('tierd_ingest_bad');
/** Rows of all files, in the table's own columns, with `"tierd file"`, `"tierd n"` and `"tierd to"`: where they go. */
export const STAGED = temporary('tierd_ingest');
/** Of these what goes to the lake, */
export const COLD = temporary('tierd_ingest_cold');
/** and what goes to PostgreSQL. */
export const HOT = temporary('tierd_ingest_hot');

export const textColumn = (place: number): string => `c${String(place)}`;

/**
 * Anew, whatever was staged before in this session. Columns without a value get their default, but with `onlyLooks` none
 * that moves on what counts.
 *
 * @returns columns whose default nobody can tell without
 */
export async function makeStaged(
  db: pg.Client,
  { ref, oid, columns }: TableDescription,
  onlyLooks: boolean,
): Promise<readonly string[]> {
  const staged = quoteTable(STAGED);
  await db.query(
    `drop view if exists ${quoteTable(COLD)}, ${quoteTable(HOT)};
     drop table if exists ${staged}, ${quoteTable(BAD)};
     create temporary table ${STAGED.name} (like ${quoteTable(ref)} including generated including defaults);
     create temporary table ${BAD.name} (n bigint not null, name text, found text, code text not null, words text)`,
  );
  const rules = await readRowRules(db, oid, columns, { columns: [], merge: false });
  const untold = rules.columns
    .filter(({ isDefaultKnown, generated }) => onlyLooks && generated === null && !isDefaultKnown)
    .map(({ name }) => name);
  const changes = [
    'add "tierd file" int not null',
    'add "tierd n" bigint not null',
    `add "tierd to" text not null default 'cold'`,
    'add "tierd met" boolean not null default false',
    ...columns
      .filter(({ notNull }) => notNull)
      .map(({ name }) => `alter ${quoteName(name)} drop not null`),
    ...untold.map((name) => `alter ${quoteName(name)} drop default`),
  ];
  await db.query(
    `alter table ${staged} ${changes.join(', ')};
     create temporary view ${COLD.name} as select * from ${staged} where "tierd to" = 'cold';
     create temporary view ${HOT.name} as select * from ${staged} where "tierd to" = 'hot'`,
  );
  return untold;
}

/** @param columns how many there are in a row @param hasNames whether the first line has their names */
export async function copyTexts(
  db: pg.Client,
  columns: number,
  hasNames: boolean,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const names = Array.from({ length: columns }, (_, place) => textColumn(place));
  await db.query(
    `drop table if exists ${quoteTable(TEXTS)};
     create temporary table ${TEXTS.name} (n bigint generated always as identity, ok boolean not null default true, ${names.map((name) => `${name} text`).join(', ')})`,
  );
  const options = `format csv${hasNames ? ', header' : ''}, encoding 'UTF8'`;
  await copyRowsIn(
    db,
    `copy ${quoteTable(TEXTS)} (${names.join(', ')}) from stdin (${options})`,
    pieces,
  );
}

/** Lines of text, each as it is. */
export async function copyLines(db: pg.Client, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  await db.query(
    `drop table if exists ${quoteTable(LINES)};
     create temporary table ${LINES.name} (n bigint generated always as identity, line text)`,
  );
  // Neither can stand in a line of JSON, so that each line is one value as it is.
  const raw = `quote e'\\x01', delimiter e'\\x02'`;
  await copyRowsIn(
    db,
    `copy ${quoteTable(LINES)} (line) from stdin (format csv, ${raw}, encoding 'UTF8')`,
    pieces,
  );
  await db.query(`delete from ${quoteTable(LINES)} where line is null or line ~ '^\\s*$'`);
}

/** What was staged is looked at by its statistics from here on. */
export async function analyseStaged(db: pg.Client): Promise<void> {
  await db.query(`analyze ${quoteTable(STAGED)}`);
}

/** Columns that have to be given: those that may not be null, and those by which only a write into the table numbers its rows. */
export async function listRequired(db: pg.Client, tableOid: number): Promise<readonly string[]> {
  const found = await run<{ name: string }>(
    db,
    sql`select attname as name from pg_attribute
        where attrelid = ${tableOid}::oid and attnum > 0 and not attisdropped and attgenerated = ''
          and (attidentity <> '' or (attnotnull and not atthasdef))`,
  );
  return found.map(({ name }) => name);
}

/** Rows of a file in time of which all of its rows are where they belong. */
export async function dropDone(
  db: pg.Client,
  file: number,
  { timeColumn }: TableDescription,
  done: readonly TimeRange[],
): Promise<void> {
  if (done.length === 0) return;
  await db.query(
    `delete from ${quoteTable(STAGED)} where "tierd file" = ${String(file)} and (${within(timeColumn, done)})`,
  );
}

/** All rows go to the lake but those that these routes leave hot. @param filter of the rows of the interval lane that go */
export async function routeRows(
  db: pg.Client,
  { timeColumn }: TableDescription,
  { aged, interval }: Routes,
  filter: RowFilter | null,
): Promise<void> {
  const cold = [
    ...(aged.length === 0 ? [] : [within(timeColumn, aged)]),
    ...interval.map((range) => inlined(rowsWhere(timeColumn, range, filter))),
  ];
  const goes = cold.length === 0 ? 'false' : cold.join(' or ');
  await db.query(`update ${quoteTable(STAGED)} set "tierd to" = 'hot' where (${goes}) is not true`);
}

function within(timeColumn: TimeColumn, ranges: readonly TimeRange[]): string {
  return ranges.map((range) => inlined(timeBounds(timeColumn, range))).join(' or ');
}

/** Rows from an instant on, and whether the last of all is still of 1970. */
export async function lookAtTimes(
  db: pg.Client,
  { timeColumn }: TableDescription,
  future: EpochMs,
): Promise<{ readonly rows: number; readonly futureRows: number; readonly after1970: number }> {
  const [found] = await run<{ rows: number; futureRows: number; after1970: number }>(
    db,
    sql`select count(*)::float8 as rows,
               (count(*) filter (where ${atOrAfter(timeColumn, future)}))::float8 as "futureRows",
               (count(*) filter (where ${atOrAfter(timeColumn, YEAR_1971)} or not ${atOrAfter(timeColumn, 0)}))::float8 as "after1970"
        from ${tableName(STAGED)}`,
  );
  return found ?? { rows: 0, futureRows: 0, after1970: 0 };
}

const YEAR_1971 = Date.parse('1971-01-01T00:00:00Z');
