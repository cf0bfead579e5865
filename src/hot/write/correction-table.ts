/**
 * Rows of a file as PostgreSQL understands them: in a temporary table of the very columns of a dataset's table, which is
 * gone with the transaction. What a value is, its types and checks decide, as they would of a row that is inserted.
 */
import pg from 'pg';
import type { TableRef } from '../../domain/table.ts';
import { copyRowsIn } from '../copy/copy-rows-in.ts';
import { quoteName, quoteTable } from '../quote.ts';

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
  // Data exceptions, constraints, what is too long or too deep, and what is no tsquery or jsonpath.
  const isOfData = /^(?:2[23]|54|42601$)/u;
  if (!(error instanceof pg.DatabaseError) || !isOfData.test(error.code ?? '')) return null;
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
