/** The table that is archived: bars of many symbols, in the order in which they came. */
import type pg from 'pg';
import { DAY_MS, type TimeRange } from '../src/domain/time/time-range.ts';

export type PriceType = 'double precision' | 'numeric(20,8)';

export interface BenchTable {
  readonly name: string;
  readonly days: readonly TimeRange[];
  readonly rows: number;
  readonly priceType: PriceType;
}

export interface TableOptions {
  readonly name: string;
  readonly kind: 'plain' | 'partitioned' | 'hypertable';
  readonly rows: number;
  readonly days: number;
  readonly priceType: PriceType;
}

export const COLUMNS = ['time', 'symbol', 'open', 'high', 'low', 'close', 'volume'] as const;

/** Long past, so that every day is due. */
const FIRST_DAY = Date.UTC(2024, 0, 1);
/** A bar a minute makes 1,440 of each symbol a day; real exchanges list thousands of symbols. */
const BARS_A_DAY = 1440;

/**
 * Creates `<name>` and, beside it, `<name>_source` with the rows that `fillTable` takes. Prices are
 * random walks to the cent, volumes are random; the seed is fixed.
 */
export async function createTable(client: pg.Client, options: TableOptions): Promise<BenchTable> {
  const { name, priceType } = options;
  const rowsADay = Math.ceil(options.rows / options.days);
  const days = Array.from({ length: options.days }, (_, day) => ({
    fromInclusive: FIRST_DAY + day * DAY_MS,
    toExclusive: FIRST_DAY + (day + 1) * DAY_MS,
  }));
  for (const statement of ddlOf(options, days)) await client.query(statement);
  await client.query('select setseed(0.42)');
  let rows = 0;
  for (const { fromInclusive } of days) {
    const result = await client.query(fillDay(`${name}_source`), [
      new Date(fromInclusive).toISOString(),
      Math.ceil(rowsADay / BARS_A_DAY),
      BARS_A_DAY,
      rowsADay,
    ]);
    rows += result.rowCount ?? 0;
  }
  return { name, days, rows, priceType };
}

export async function dropTable(client: pg.Client, { name }: BenchTable): Promise<void> {
  await client.query(`drop table ${name}`);
  await client.query(`drop table ${name}_source`);
}

function ddlOf({ name, kind, priceType }: TableOptions, days: readonly TimeRange[]): string[] {
  const columns = `
    time   timestamptz not null,
    symbol text not null,
    open   ${priceType} not null,
    high   ${priceType} not null,
    low    ${priceType} not null,
    close  ${priceType} not null,
    volume bigint not null`;
  const source = `create unlogged table ${name}_source (${columns})`;
  switch (kind) {
    case 'plain':
      return [source, `create table ${name} (${columns})`, `create index on ${name} (time desc)`];
    case 'partitioned':
      return [
        source,
        `create table ${name} (${columns}) partition by range (time)`,
        `create index on ${name} (time desc)`,
        ...days.map(({ fromInclusive, toExclusive }, day) => {
          const from = new Date(fromInclusive).toISOString();
          const to = new Date(toExclusive).toISOString();
          return `create table ${name}_${day} partition of ${name} for values from ('${from}') to ('${to}')`;
        }),
      ];
    case 'hypertable':
      // Its index on time comes by itself.
      return [
        'create extension if not exists timescaledb',
        source,
        `create table ${name} (${columns})`,
        `select create_hypertable('${name}', 'time', chunk_time_interval => interval '1 day')`,
      ];
  }
}

/** All rows of the source, anew, as settled as a table that has been there for a while. */
export async function fillTable(client: pg.Client, { name }: BenchTable): Promise<void> {
  await client.query(`truncate ${name}`);
  await client.query(`insert into ${name} select * from ${name}_source`);
  await client.query(`vacuum (freeze, analyze) ${name}`);
  await client.query('checkpoint');
  await warm(client, name);
}

/** Reads it once, so that every contender finds the same pages in memory. */
async function warm(client: pg.Client, name: string): Promise<void> {
  await client.query(`select count(*), sum(volume) from ${name}`);
}

function symbolName(number: string): string {
  return `'S' || lpad(${number}, 5, '0')`;
}

/** A condition that leaves some `rows` of every day. */
export function fewSymbols(rows: number): string {
  return `symbol <= ${symbolName(`'${Math.round(rows / BARS_A_DAY)}'`)}`;
}

function fillDay(table: string): string {
  return `
    insert into ${table}
    select time, symbol, open, greatest(open, close) + random_high, least(open, close) - random_low,
           close, volume
    from (
      select time, symbol, volume, random_high, random_low,
             lag(close, 1, close) over (partition by symbol order by time) as open, close
      from (
        select $1::timestamptz + bar * interval '1 minute' as time,
               ${symbolName('symbol::text')} as symbol,
               (100 + symbol % 400
                 + sum(round((random() - 0.5)::numeric, 2))
                     over (partition by symbol order by bar))::numeric(20, 8) as close,
               round(random()::numeric / 4, 2) as random_high,
               round(random()::numeric / 4, 2) as random_low,
               (random() * 100000)::bigint as volume
        from generate_series(1, $2::int) as symbol, generate_series(0, $3::int - 1) as bar
      ) as walk
    ) as bars
    order by time, symbol
    limit $4::int`;
}
