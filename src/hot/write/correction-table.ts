/**
 * Rows of a file as PostgreSQL understands them: in a temporary table of the very columns of a dataset's table, which is
 * gone with the transaction. What a value is, its types and checks decide, as they would of a row that is inserted.
 */
import pg from 'pg';
import type { TableRef } from '../../domain/table.ts';
import { copyRowsIn } from '../copy/copy-rows-in.ts';
import { quoteLiteral, quoteName, quoteTable } from '../quote.ts';

export const CORRECTION: TableRef = { schema: 'pg_temp', name: 'tierd_correction' };

/** In a transaction. Nothing has a default: each column has to be given. */
export async function makeCorrectionTable(db: pg.Client, like: TableRef): Promise<void> {
  await db.query(
    `create temporary table tierd_correction (like ${quoteTable(like)} including generated including constraints)
     on commit drop`,
  );
}

/** @param columns in the file's order */
export async function copyCsvIn(
  db: pg.Client,
  columns: readonly string[],
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const list = columns.map(quoteName).join(', ');
  const into = `${quoteTable(CORRECTION)} (${list})`;
  await copyRowsIn(db, `copy ${into} from stdin (format csv, header, encoding 'UTF8')`, pieces);
}

export interface NameInLines {
  readonly name: string;
  /** That have it. */
  readonly lines: number;
  /** That it stands in them all: more, where one of them has it twice. */
  readonly times: number;
}

export interface LinesOfJson {
  readonly lines: number;
  readonly names: readonly NameInLines[];
  /** The first line that is another value than an object, counted from 1. */
  readonly noObject: number | null;
}

/** Reads lines of JSON into a table beside it. @returns how many there are, and the names that they have */
export async function copyJsonIn(
  db: pg.Client,
  pieces: AsyncIterable<Uint8Array>,
): Promise<LinesOfJson> {
  await db.query('create temporary table tierd_lines (line json) on commit drop');
  // Neither can stand in a line of JSON, so that each line is one value as it is.
  const raw = `quote e'\\x01', delimiter e'\\x02'`;
  await copyRowsIn(
    db,
    `copy pg_temp.tierd_lines from stdin (format csv, ${raw}, encoding 'UTF8')`,
    pieces,
  );
  const { rows } = await db.query<{ lines: number }>(
    `select count(line)::float8 as lines from pg_temp.tierd_lines`,
  );
  const { rows: others } = await db.query<{ n: number }>(
    `select n::float8 as n from (select row_number() over () as n, line from pg_temp.tierd_lines) l
     where json_typeof(line) <> 'object' limit 1`,
  );
  if (others[0] !== undefined)
    return { lines: rows[0]?.lines ?? 0, names: [], noObject: others[0].n };
  const { rows: names } = await db.query<NameInLines>(
    `select k.name, count(*)::float8 as lines, sum(k.times)::float8 as times
     from pg_temp.tierd_lines l
     cross join lateral (
       select name, count(*) as times from json_object_keys(l.line) name group by name
     ) k
     where l.line is not null group by k.name order by k.name`,
  );
  return { lines: rows[0]?.lines ?? 0, names, noObject: null };
}

/**
 * A text is the document of a `json` column, and not a document that is a text: as which a query gives it.
 *
 * @param columns those that the lines have
 */
export async function takeJsonRows(
  db: pg.Client,
  columns: readonly { readonly name: string; readonly isJson: boolean }[],
): Promise<void> {
  const list = columns.map(({ name }) => quoteName(name));
  const values = columns.map(({ name, isJson }) => {
    const value = `(r).${quoteName(name)}`;
    const key = quoteLiteral(name);
    return isJson
      ? `case json_typeof(line -> ${key}) when 'string' then (line ->> ${key})::json else ${value} end`
      : value;
  });
  const table = quoteTable(CORRECTION);
  await db.query(
    `insert into ${table} (${list.join(', ')})
     select ${values.join(', ')}
     from (select line, json_populate_record(null::${table}, line) as r from pg_temp.tierd_lines where line is not null) given`,
  );
}

/** Keys that more than one row of the file has, as text; not more than `most`. */
export async function repeatedKeys(
  db: pg.Client,
  key: readonly string[],
  most: number,
): Promise<readonly string[]> {
  const list = key.map(quoteName).join(', ');
  const { rows } = await db.query<{ key: string }>(
    `select concat_ws(', ', ${list}) as key from ${quoteTable(CORRECTION)}
     group by ${list} having count(*) > 1 order by ${list} limit $1`,
    [most],
  );
  return rows.map((row) => row.key);
}

/** Why PostgreSQL takes a value or a row for none of the table's; null for any other failure. */
export function whyRefused(error: unknown): string | null {
  // Data exceptions, and constraints.
  if (!(error instanceof pg.DatabaseError) || !/^2[23]/u.test(error.code ?? '')) return null;
  return error.where === undefined ? error.message : `${error.message} (${error.where})`;
}

/** How many rows there are, and how many keys of rows that `where` is true of; some of these keys. */
export async function countKeysWhere(
  db: pg.Client,
  key: readonly string[],
  where: string,
  most: number,
): Promise<{ readonly all: number; readonly found: number; readonly examples: readonly string[] }> {
  const list = key.map(quoteName).join(', ');
  const table = quoteTable(CORRECTION);
  const { rows } = await db.query<{ all: number; found: number; examples: string[] | null }>(
    `select count(*)::float8 as all, count(*) filter (where ${where})::float8 as found,
            (select array_agg(k) from (select concat_ws(', ', ${list}) as k from ${table} where ${where} limit $1) as met) as examples
     from ${table}`,
    [most],
  );
  const { all = 0, found = 0, examples = null } = rows[0] ?? {};
  return { all, found, examples: examples ?? [] };
}

/** Takes out the rows of these keys. @param pieces CSV without a first line, the key's columns in their order */
export async function leaveOut(
  db: pg.Client,
  key: readonly string[],
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const list = key.map(quoteName);
  const table = quoteTable(CORRECTION);
  await db.query(
    `create temporary table tierd_unknown on commit drop as select ${list.join(', ')} from ${table} with no data`,
  );
  await copyRowsIn(
    db,
    `copy pg_temp.tierd_unknown from stdin (format csv, encoding 'UTF8')`,
    pieces,
  );
  const same = list.map((name) => `c.${name} is not distinct from u.${name}`).join(' and ');
  await db.query(`delete from ${table} c using pg_temp.tierd_unknown u where ${same}`);
  await db.query('drop table pg_temp.tierd_unknown');
}
