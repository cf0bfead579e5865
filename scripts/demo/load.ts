/** Fills the demo's tables: DuckDB reads the files and writes CSV, which PostgreSQL reads itself. */
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DAY_MS, type EpochMs, type TimeRange } from '../../src/domain/time/time-range.ts';
import { literal } from './sql.ts';
import type { Stores } from './stores.ts';
import type { DemoTable } from './tables.ts';

export interface LoadedTable {
  readonly table: DemoTable;
  readonly rows: number;
  /** Of all rows, also those that come late. */
  readonly span: TimeRange;
  /** The rows held back, for `loadLateRows`. */
  readonly lateFile: string;
  /** Those that come in through Redis, a JSON object on each line; null when all are loaded. */
  readonly liveFile: string | null;
}

/** Creates the table and loads all rows but the late ones, and but those for Redis if it is there. */
export async function loadTable(
  table: DemoTable,
  stores: Stores,
  now: EpochMs,
  { hasRedis, hasTimescale }: { readonly hasRedis: boolean; readonly hasTimescale: boolean },
): Promise<LoadedTable> {
  const { client, duck, exchange } = stores;
  const file = join(exchange, `${table.name}.csv`);
  const lateFile = join(exchange, `${table.name}-late.csv`);
  const span = await readSource(duck, table, now);
  const { isLive, fields, kept } = table.live;
  const isLoaded = hasRedis ? `not (${table.isLate}) and not (${isLive})` : `not (${table.isLate})`;
  await writeCsv(duck, table, file, isLoaded);
  await writeCsv(duck, table, lateFile, table.isLate);
  const liveFile = hasRedis ? join(exchange, `${table.name}-live.json`) : null;
  if (liveFile !== null) {
    const rows = `(${moved(isLive)})`;
    await duck.run(`copy (select ${fields} from ${rows}) to ${literal(liveFile)} (format json)`);
    // From the file, not from what PostgreSQL has of it later: that is to be counted against it.
    await duck.run(`create table ${table.name}_live as select ${kept} from ${rows}`);
  }
  await duck.run('drop table source');
  await client.query(table.create(span, hasTimescale));
  const rows = await copyIn(stores, table, file);
  await client.query(table.index);
  await client.query(`analyze ${table.name}`);
  return { table, rows, span, lateFile, liveFile };
}

/** Returns how many rows came late. */
export async function loadLateRows(stores: Stores, loaded: LoadedTable): Promise<number> {
  return copyIn(stores, loaded.table, loaded.lateFile);
}

/** Reads the file into the table `source`, with `days`: by how many its dates are to be moved. */
async function readSource(
  duck: DuckDBConnection,
  table: DemoTable,
  now: EpochMs,
): Promise<TimeRange> {
  await duck.run(`create temp table source as ${table.source}`);
  const reader = await duck.runAndReadAll(
    'select epoch_ms(min(moment))::double, epoch_ms(max(moment))::double from source',
  );
  const [first, last] = reader.getRows()[0] as [number, number];
  const days = Math.floor((now - last) / DAY_MS);
  await duck.run(`alter table source add column days integer default ${days}`);
  return { fromInclusive: first + days * DAY_MS, toExclusive: last + days * DAY_MS + 1 };
}

/** DuckDB: rows of the source, with their dates moved. */
function moved(condition: string): string {
  return `select * replace (moment + to_days(days) as moment) from source where ${condition}`;
}

async function writeCsv(
  duck: DuckDBConnection,
  table: DemoTable,
  file: string,
  condition: string,
): Promise<void> {
  await duck.run(`copy (
      select ${table.select}
      from (${moved(condition)})
    ) to ${literal(file)} (format csv, header false, nullstr '\\N')`);
}

async function copyIn({ client, inside }: Stores, table: DemoTable, file: string): Promise<number> {
  const result = await client.query(
    `copy ${table.name} (${table.columns.join(', ')}) from ${literal(inside(file))} (format csv, null '\\N')`,
  );
  return result.rowCount ?? 0;
}
