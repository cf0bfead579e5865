/**
 * A reader that knows nothing of tierd but PostgreSQL and the Iceberg table that its catalogue points to: hot rows and the
 * pointer of one snapshot, then the files that the document lists.
 */
import pg from 'pg';
import { readCold } from '../support/cold-rows.ts';
import { readIceberg } from '../support/iceberg-reader.ts';
import type { Table } from './writer.ts';

interface Row {
  readonly n: number;
  readonly amount: number;
}

/** By number. @throws when PostgreSQL or a file is not there */
export async function readBeside(url: string, table: Table, symbol: string): Promise<Row[]> {
  const { hot, location } = await readHot(url, table, symbol);
  const files = location === null ? [] : (await readIceberg(location)).files;
  const cold = await readCold(
    '/',
    files.map(({ path }) => ({ key: path.slice(1) })),
    'n::double as n, amount::double as amount, symbol',
  );
  const rows = (cold as unknown as (Row & { symbol: string })[])
    .filter((row) => row.symbol === symbol)
    .map(({ n, amount }) => ({ n, amount }));
  return [...hot, ...rows].toSorted((a, b) => a.n - b.n);
}

/** Its lock before its snapshot: a chunk that is dropped is gone for all snapshots. */
async function readHot(
  url: string,
  table: Table,
  symbol: string,
): Promise<{ readonly hot: readonly Row[]; readonly location: string | null }> {
  const db = new pg.Client(url);
  await db.connect();
  try {
    await db.query(
      `begin isolation level repeatable read read only; lock table ${table} in access share mode`,
    );
    const pointer = await db.query<{ location: string }>(
      'select metadata_location as location from tierd.iceberg_tables where table_name = $1',
      [table],
    );
    const hot = await db.query<Row>(
      `select n::float8 as n, amount::float8 as amount from ${table} where symbol = $1`,
      [symbol],
    );
    await db.query('commit');
    return { hot: hot.rows, location: pointer.rows[0]?.location ?? null };
  } finally {
    await db.end();
  }
}
