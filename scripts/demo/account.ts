/**
 * The demo's own bookkeeping: which rows there were, which are in PostgreSQL now, which are in the
 * Parquet files. It asks neither tierd nor its ledger, and it compares the rows themselves: every
 * row must be there exactly as often as before.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { literal } from './sql.ts';
import type { Stores } from './stores.ts';
import type { DemoTable } from './tables.ts';

export interface Account {
  readonly before: number;
  readonly hot: number;
  readonly cold: number;
  /** Rows that were there before and are now in neither store, or in one of them but changed. */
  readonly lost: number;
  /** Rows that are there more often than before: twice, or changed. */
  readonly doubled: number;
  /** Rows of before that have an equal one. */
  readonly repeated: number;
}

export interface ColdFiles {
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** Adds rows, as PostgreSQL holds them now, to those that must not get lost. */
export async function keepAside(
  table: DemoTable,
  stores: Stores,
  condition = 'true',
): Promise<void> {
  const file = await unload(table, stores, condition);
  const rows = readUnloaded(table, file);
  await stores.duck.run(`create table if not exists ${table.name}_before as ${rows} limit 0`);
  await stores.duck.run(`insert into ${table.name}_before ${rows}`);
}

/** Adds the rows that go to Redis first, as the files have them. */
export async function keepLiveAside(table: DemoTable, { duck }: Stores): Promise<number> {
  await duck.run(`insert into ${table.name}_before select * from ${table.name}_live`);
  const reader = await duck.runAndReadAll(`select count(*)::double from ${table.name}_live`);
  const [rows = 0] = reader.getRows()[0] as number[];
  return rows;
}

export async function takeAccount(table: DemoTable, stores: Stores): Promise<Account> {
  const { duck } = stores;
  const { paths } = await findColdFiles(table, stores.lakeDir);
  const file = await unload(table, stores, 'true');
  await duck.run(`create or replace temp view hot as ${readUnloaded(table, file)}`);
  await duck.run(`create or replace temp view cold as ${readCold(table, paths)}`);
  const reader = await duck.runAndReadAll(`
    select sum(before)::double, sum(hot)::double, sum(cold)::double,
           sum(greatest(before - hot - cold, 0))::double,
           sum(greatest(hot + cold - before, 0))::double,
           (count(*) filter (before > 1))::double
    from (select sum(before) as before, sum(hot) as hot, sum(cold) as cold
          from (select *, 1 as before, 0 as hot, 0 as cold from ${table.name}_before
                union all select *, 0, 1, 0 from hot
                union all select *, 0, 0, 1 from cold)
          group by ${table.columns.join(', ')})`);
  const figures = reader.getRows()[0] as number[];
  const [before = 0, hot = 0, cold = 0, lost = 0, doubled = 0, repeated = 0] = figures;
  return { before, hot, cold, lost, doubled, repeated };
}

/** Every Parquet file of the dataset, as a look at the disk finds them. */
export async function findColdFiles(table: DemoTable, lakeDir: string): Promise<ColdFiles> {
  const root = join(lakeDir, 'cold_storage', table.name);
  const entries = await readdir(root, { recursive: true }).catch(() => []);
  const paths = entries.filter((name) => name.endsWith('.parquet')).map((name) => join(root, name));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return { paths, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Has PostgreSQL write its rows as CSV. */
async function unload(
  table: DemoTable,
  { client, exchange, inside }: Stores,
  condition: string,
): Promise<string> {
  const columns = table.columns.map((column) =>
    column === table.timeColumn ? `(extract(epoch from ${column}) * 1000000)::bigint` : column,
  );
  const file = join(exchange, `${table.name}-unloaded.csv`);
  await client.query(`copy (select ${columns.join(', ')} from ${table.name} where ${condition})
    to ${literal(inside(file))} (format csv, null '\\N')`);
  return file;
}

/** Text in every column, so that nothing is rounded or converted before it is compared. */
function readUnloaded(table: DemoTable, file: string): string {
  const columns = table.columns.map((column) => `${literal(column)}: 'varchar'`);
  return `select * from read_csv(${literal(file)}, header = false, nullstr = '\\N',
    auto_detect = false, columns = {${columns.join(', ')}})`;
}

function readCold(table: DemoTable, paths: readonly string[]): string {
  const columns = table.columns.map((column) =>
    column === table.timeColumn
      ? `epoch_us(${column})::varchar as ${column}`
      : `${column}::varchar as ${column}`,
  );
  // With no file there is nothing to read the columns from.
  if (paths.length === 0) return `select * from ${table.name}_before limit 0`;
  return `select ${columns.join(', ')}
    from read_parquet([${paths.map(literal).join(', ')}], hive_partitioning = false)`;
}
