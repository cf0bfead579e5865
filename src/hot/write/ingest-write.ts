/** Staged rows on their way into PostgreSQL, and the last look at whether those for the lake are not there. */
import type pg from 'pg';

import { TierdError } from '../../domain/errors.ts';
import type { OnConflict } from '../../domain/ingest/reading.ts';
import { formatTable, type TableDescription } from '../../domain/table.ts';
import { formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import { timeBounds } from '../measure/time-bounds.ts';
import { quoteName, quoteTable } from '../quote.ts';
import { inlined, raw, runOne, sql } from '../sql.ts';
import { hotWithin, type KeyOfRows, sameKey } from './ingest-conflicts.ts';
import { COLD, HOT } from './ingest-tables.ts';
import { isAboutRows } from './refusals.ts';

export interface HotSlice {
  readonly table: TableDescription;
  /** Null where the table has no key that rows could share. */
  readonly key: KeyOfRows | null;
  readonly range: TimeRange;
  readonly onConflict: OnConflict;
}

/**
 * In a transaction: all of the slice's rows that belong to PostgreSQL are there afterwards.
 *
 * @returns how many
 * @throws TierdError INGEST_CONFLICT where a row of one of their keys has come meanwhile, INGEST_REFUSED with what the table has
 *   against them
 */
export async function writeHotRows(db: pg.Client, slice: HotSlice): Promise<number> {
  const { table, range } = slice;
  const within = inlined(timeBounds(table.timeColumn, range));
  const { rows: expected } = await runOne<{ rows: number }>(
    db,
    sql`select count(*)::float8 as rows from ${raw(quoteTable(HOT))} where ${raw(within)}`,
  );
  if (expected === 0) return 0;
  const names = table.columns
    .filter(({ generated }) => !generated)
    .map(({ name }) => quoteName(name))
    .join(', ');
  const insert = `insert into ${quoteTable(table.ref)} (${names}) overriding system value
    select ${names} from ${quoteTable(HOT)} where ${within} ${otherwise(slice)}`;
  let written: number;
  try {
    written = (await db.query(insert)).rowCount ?? 0;
  } catch (error) {
    if (!isAboutRows(error)) throw error;
    throw error.code === UNIQUE_VIOLATION
      ? cameMeanwhile(slice, error.detail ?? error.message)
      : refused(slice, `${error.message}${error.detail === undefined ? '' : `: ${error.detail}`}`);
  }
  if (await areThere(db, slice, within, written === expected)) return expected;
  throw refused(
    slice,
    'a trigger or rule of the table, or another unique key, kept rows out, without an error',
  );
}

const UNIQUE_VIOLATION = '23505';

function otherwise({ key, onConflict, table }: HotSlice): string {
  if (key === null || onConflict === 'error') return '';
  if (onConflict === 'skip') return 'on conflict do nothing';
  const others = table.columns.filter(
    ({ name, generated }) => !generated && !key.columns.includes(name),
  );
  const target = `on conflict (${key.columns.map(quoteName).join(', ')})`;
  if (others.length === 0) return `${target} do nothing`;
  const sets = others.map(({ name }) => `${quoteName(name)} = excluded.${quoteName(name)}`);
  return `${target} do update set ${sets.join(', ')}`;
}

async function areThere(
  db: pg.Client,
  { key, table, range }: HotSlice,
  within: string,
  isWholeByCount: boolean,
): Promise<boolean> {
  if (key === null) return isWholeByCount;
  const { absent } = await runOne<{ absent: boolean }>(
    db,
    sql`select exists (select from ${raw(quoteTable(HOT))} s where ${raw(within)} ${raw(noneIsNull(key))}
          and not exists (select from ${raw(quoteTable(table.ref))} h where ${raw(sameKey(key, table) + hotWithin(key, table, range))})) as absent`,
  );
  return !absent && (isWholeByCount || key.nulls === 'equal');
}

/** Rows with a null in a key that calls nulls distinct are counted alone. */
function noneIsNull({ columns, nulls }: KeyOfRows): string {
  if (nulls === 'equal') return '';
  return columns.map((name) => ` and s.${quoteName(name)} is not null`).join('');
}

/** In the transaction that makes the slice's rows cold. @throws TierdError INGEST_CONFLICT */
export async function assertColdAreNotHot(
  db: pg.Client,
  slice: HotSlice & { readonly key: KeyOfRows },
): Promise<void> {
  const { table, key, range } = slice;
  const within = inlined(timeBounds(table.timeColumn, range, 's'));
  const { found } = await runOne<{ found: string | null }>(
    db,
    sql`select min(concat_ws(', ', ${raw(key.columns.map((name) => `s.${quoteName(name)}`).join(', '))})) as found
        from ${raw(quoteTable(COLD))} s join ${raw(quoteTable(table.ref))} h on ${raw(sameKey(key, table) + hotWithin(key, table, range))}
        where ${raw(within)}`,
  );
  if (found !== null) throw cameMeanwhile(slice, found);
}

function cameMeanwhile({ table, range }: HotSlice, found: string): TierdError {
  return new TierdError({
    code: 'INGEST_CONFLICT',
    message: `${formatTable(table.ref)} has a row by now with a key that the files bring for ${formatRange(range)}: ${found}. Nothing of that slice was changed.`,
    hint: 'run the same command again: it compares anew, and goes on with what is not done; if it stays so, the key is of another unique index than the one by which rows are compared: leave the row out of the files',
    context: { table: formatTable(table.ref), range: formatRange(range) },
  });
}

function refused({ table, range }: HotSlice, why: string): TierdError {
  return new TierdError({
    code: 'INGEST_REFUSED',
    message: `${formatTable(table.ref)} does not take rows of ${formatRange(range)}: ${why}. Nothing of that slice was changed.`,
    hint: 'make the table take them (a partition, the row that a foreign key names, a trigger), or leave them out of the files; then run the same command again',
    context: { table: formatTable(table.ref), range: formatRange(range) },
  });
}

/** How many rows of the slice each file has on each side. */
export async function countByFile(
  db: pg.Client,
  { timeColumn }: TableDescription,
  range: TimeRange,
): Promise<readonly { readonly file: number; readonly cold: number; readonly hot: number }[]> {
  const within = inlined(timeBounds(timeColumn, range));
  const { rows } = await db.query<{ file: number; cold: number; hot: number }>(
    `select "tierd file" as file, count(*) filter (where "tierd to" = 'cold')::float8 as cold,
            count(*) filter (where "tierd to" = 'hot')::float8 as hot
     from pg_temp.tierd_ingest where ${within} group by 1 order by 1`,
  );
  return rows;
}
