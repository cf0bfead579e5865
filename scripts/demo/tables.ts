/**
 * The two tables of the demo, from the real data of vega-datasets. Dates are moved by whole days,
 * so that the newest row is of the last 24 hours and the time of day stays what it was.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  type EpochMs,
  floorToUnit,
  nextUnit,
  type TimeRange,
} from '../../src/domain/time/time-range.ts';
import { literal } from './sql.ts';

export interface DemoTable {
  readonly name: string;
  /** What its rows are. */
  readonly title: string;
  readonly timeColumn: string;
  /** Of the dataset, beside its time column. */
  readonly settings: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  /** DDL before the rows come, given the time they will span. */
  readonly create: (span: TimeRange, hasTimescale: boolean) => string;
  /** DDL after they came. */
  readonly index: string;
  /** DuckDB: the file's rows with `moment`, the unmoved time in UTC. */
  readonly source: string;
  /** DuckDB: the columns in order, as the text PostgreSQL will read; `moment` has been moved. */
  readonly select: string;
  /** DuckDB: the rows that come late; they are held back at first. */
  readonly isLate: string;
  /** The rows that come in through Redis, where there is one. */
  readonly live: {
    /** DuckDB: which rows; `moment` has not been moved. */
    readonly isLive: string;
    /** DuckDB: the columns in order, as text and as PostgreSQL will tell them. */
    readonly kept: string;
    /** DuckDB: the fields that are written to Redis, by the names of the table's columns. */
    readonly fields: string;
  };
  readonly removal: (hasTimescale: boolean) => string;
}

function sourceFile(name: string): string {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  return literal(join(entry, '../../data', name));
}

const MOMENT = "strftime(moment, '%Y-%m-%d %H:%M:%S.%f+00')";

/** 3,000,000 flights within the United States, January to June 2001. No key, and real duplicates. */
export const FLIGHTS: DemoTable = {
  name: 'flights',
  title: 'flights within the United States',
  timeColumn: 'departed_at',
  settings: { sort_by: '[origin, departed_at]' },
  columns: ['departed_at', 'origin', 'destination', 'delay_minutes', 'distance_miles'],
  create: (span, hasTimescale) => `
    create table flights (
      departed_at    timestamptz not null,
      origin         text not null,
      destination    text not null,
      delay_minutes  integer not null,
      distance_miles integer not null
    ) ${hasTimescale ? `; ${HYPERTABLE}` : `partition by range (departed_at); ${partitionsOf(span)}`}`,
  index: 'create index on flights (departed_at)',
  source: `select date as moment, origin, destination, delay, distance
    from read_parquet(${sourceFile('flights-3m.parquet')})`,
  select: `${MOMENT}, origin, destination, delay, distance`,
  isLate: 'false',
  live: {
    isLive: "moment::date between '2001-05-01' and '2001-05-06'",
    kept: 'epoch_us(moment)::varchar, origin, destination, delay::varchar, distance::varchar',
    fields: `${MOMENT} as departed_at, origin, destination, delay as delay_minutes,
      distance as distance_miles`,
  },
  removal: (hasTimescale) =>
    hasTimescale
      ? 'a hypertable of chunks of a day: whole chunks will be dropped'
      : 'partitioned by month: whole partitions will be dropped',
};

/** 5,105 daily bars of the S&P 500, 2000 to 2020; every figure is carried as text, never as a float. */
export const MARKET_DATA: DemoTable = {
  name: 'market_data',
  title: 'daily bars of the S&P 500',
  timeColumn: 'timestamp',
  settings: { sort_by: '[symbol, timestamp]', slice: 'month' },
  columns: ['symbol', 'timestamp', 'open', 'high', 'low', 'close', 'adjusted_close', 'volume'],
  create: () => `
    create table market_data (
      symbol         text not null,
      timestamp      timestamptz not null,
      open           numeric(12, 6) not null,
      high           numeric(12, 6) not null,
      low            numeric(12, 6) not null,
      close          numeric(12, 6) not null,
      adjusted_close numeric(12, 6) not null,
      volume         bigint not null,
      primary key (symbol, timestamp)
    );`,
  index: 'create index on market_data (timestamp)',
  // New York closes at 21:00 UTC for most of the winter.
  source: `select date::timestamp + interval 21 hours as moment, * exclude (date)
    from read_csv(${sourceFile('sp500-2000.csv')}, all_varchar = true)`,
  select: `'^GSPC', ${MOMENT}, open, high, low, close, adjclose, volume`,
  // The week of October 2008 in which Wall Street fell by 18 %.
  isLate: "moment::date between '2008-10-06' and '2008-10-10'",
  live: {
    isLive: "moment::date >= '2018-01-01'",
    kept: `'^GSPC', epoch_us(moment)::varchar,
      ${['open', 'high', 'low', 'close', 'adjclose'].map((price) => `${price}::decimal(12, 6)::varchar`).join(', ')},
      volume::bigint::varchar`,
    fields: `'^GSPC' as symbol, ${MOMENT} as timestamp, open, high, low, close,
      adjclose as adjusted_close, volume`,
  },
  removal: () => 'a plain table: its rows will be deleted',
};

export const TABLES: readonly DemoTable[] = [FLIGHTS, MARKET_DATA];

const HYPERTABLE = `select create_hypertable('flights', 'departed_at',
  chunk_time_interval => interval '1 day', create_default_indexes => false)`;

const partitionsOf = (span: TimeRange): string => monthsOf(span).map(partitionOfMonth).join('\n');

function monthsOf({ fromInclusive, toExclusive }: TimeRange): EpochMs[] {
  const months: EpochMs[] = [];
  for (let at = floorToUnit(fromInclusive, 'month'); at < toExclusive; at = nextUnit(at, 'month')) {
    months.push(at);
  }
  return months;
}

function partitionOfMonth(start: EpochMs): string {
  const from = new Date(start).toISOString();
  const to = new Date(nextUnit(start, 'month')).toISOString();
  const name = `flights_${from.slice(0, 7).replace('-', '_')}`;
  return `create table ${name} partition of flights for values from ('${from}') to ('${to}');`;
}
