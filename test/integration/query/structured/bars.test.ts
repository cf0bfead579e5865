/** Bars and figures of groups, wherever the rows lie. */
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import type { AggregateAsk, BarsAsk } from '../../../../src/domain/ask/structured-ask.ts';
import { rotateDataset } from '../../../../src/jobs/rotate.ts';
import { askStructured } from '../../../support/ask-structured.ts';
import { createTestDatabase } from '../../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../../support/rotation.ts';

const OHLCV = makeDataset('ohlcv');
const TRADES = makeDataset('trades', { sortBy: [], timeColumn: 'at', timeUnit: 'ms' });
const DATASETS = [OHLCV, TRADES];

interface Scene {
  readonly db: pg.Client;
  readonly bench: Bench;
  readonly bars: (more: Partial<BarsAsk>) => Promise<readonly Record<string, unknown>[]>;
  readonly aggregate: (more: Partial<AggregateAsk>) => Promise<readonly Record<string, unknown>[]>;
}

/** Half of it cold. `before` and `before_trades` are the whole. */
async function scene(): Promise<Scene> {
  const database = await createTestDatabase();
  const db = await database.connect();
  const bench = await openBench(database);
  await database.query(
    `create table ohlcv (time timestamptz not null, symbol text not null, open numeric(20,8), high numeric(20,8),
                         low numeric(20,8), close numeric(20,8), volume bigint, primary key (symbol, time));
     create table trades (at bigint not null, px double precision, amount numeric(10,3), who text)`,
  );
  await database.query(
    `insert into ohlcv
     select $1::timestamptz + n * interval '7 minutes', s, case when n % 11 = 0 then null else n % 101 + 0.5 end,
            n % 103 + 1, n % 97, n % 89 + 0.25, n % 1000
     from generate_series(0, 205 * 40 - 1) n, unnest(array['a', 'b']) s`,
    [daysAgo(40)],
  );
  await database.query(
    `insert into trades
     select (extract(epoch from $1::timestamptz) * 1000)::bigint + n::bigint * 611003, n % 7 / 2.0, n % 13 / 8.0, 'w' || n % 3
     from generate_series(0, 5000) n`,
    [daysAgo(38)],
  );
  await database.query('create table before as table ohlcv');
  await database.query('create table before_trades as table trades');
  for (const dataset of DATASETS) await rotateDataset(bench.rooms, dataset, { force: true });
  const none = { dataset: 'ohlcv', filters: [], from: null, to: null, timeZone: null, by: [] };
  return {
    db,
    bench,
    bars: async (more) =>
      (
        await askStructured(bench, db, DATASETS, {
          kind: 'bars',
          timeframe: '1h',
          price: null,
          volume: null,
          ...none,
          filters: [{ column: 'symbol', values: ['a'] }],
          ...more,
        })
      ).rows,
    aggregate: async (more) =>
      (
        await askStructured(bench, db, DATASETS, {
          kind: 'aggregate',
          timeframe: null,
          functions: ['count'],
          ...none,
          ...more,
        })
      ).rows,
  };
}

/** Of PostgreSQL alone, on the rows as they were; the instants in ISO 8601. */
async function truth(db: pg.Client, bucket: string, where: string): Promise<unknown[]> {
  const { rows } = await db.query<Record<string, unknown>>(
    `select to_char(${bucket} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time,
            ((array_agg(open order by time) filter (where open is not null))[1])::float8 as open,
            max(high)::float8 as high, min(low)::float8 as low,
            ((array_agg(close order by time desc) filter (where close is not null))[1])::float8 as close,
            sum(volume)::int as volume, count(*)::int as rows
     from before where ${where} group by ${bucket} order by 1`,
  );
  return rows;
}

describe('bars', () => {
  const TIMEFRAMES = [
    ['1m', "date_trunc('minute', time)"],
    ['5m', "date_bin('5 minutes', time, '2000-01-01Z')"],
    ['15m', "date_bin('15 minutes', time, '2000-01-01Z')"],
    ['1h', "date_trunc('hour', time)"],
    ['1d', "date_trunc('day', time, 'UTC')"],
  ] as const;
  const ZONES = ['Europe/Berlin', 'America/New_York', 'America/Sao_Paulo', 'Asia/Kathmandu', 'UTC'];

  test('are those of one table, of half-open times and of days as long as they are', async () => {
    const { db, bars } = await scene();
    const from = daysAgo(31).replace('T00:00', 'T00:03');
    const where = `symbol = 'a' and time >= '${from}' and time < '${daysAgo(28)}'`;
    for (const [timeframe, bucket] of TIMEFRAMES) {
      const found = await bars({ timeframe, from, to: daysAgo(28) });
      expect(found, timeframe).toEqual(await truth(db, bucket, where));
      expect(found.length).toBeGreaterThan(2);
    }
    for (const timeZone of ZONES) {
      const found = await bars({ timeframe: '1d', timeZone });
      const bucket = `date_trunc('day', time, '${timeZone}')`;
      expect(found, timeZone).toEqual(await truth(db, bucket, "symbol = 'a'"));
    }
  });

  test('of a day with two midnights begin at the first, and of one with none where it begins', async () => {
    const { db, bench } = await scene();
    await db.query(
      `insert into ohlcv select t, 'x', 1, 1, 1, 1, 1
       from generate_series('2025-11-01Z'::timestamptz, '2025-11-04Z', '1 hour') t`,
    );
    const { rows } = await askStructured(bench, db, DATASETS, {
      kind: 'bars',
      dataset: 'ohlcv',
      filters: [{ column: 'symbol', values: ['x'] }],
      from: null,
      to: null,
      timeframe: '1d',
      timeZone: 'America/Havana',
      price: null,
      volume: null,
      by: [],
    });
    expect(rows.map(({ time, rows: n }) => [time, n])).toEqual([
      ['2025-10-31T04:00:00.000000Z', 4],
      ['2025-11-01T04:00:00.000000Z', 24],
      ['2025-11-02T04:00:00.000000Z', 25],
      ['2025-11-03T05:00:00.000000Z', 20],
    ]);
  });

  test('are made of one column where it is named, and of whole milliseconds', async () => {
    const { db, bars } = await scene();
    const found = await bars({
      dataset: 'trades',
      filters: [{ column: 'who', values: ['w1'] }],
      price: 'px',
      volume: 'amount',
      timeframe: '1d',
    });
    const { rows } = await db.query(
      `select to_char(to_timestamp(at / 1000) at time zone 'UTC', 'YYYY-MM-DD"T00:00:00.000000Z"') as time,
              (array_agg(px order by at))[1] as open, max(px) as high, min(px) as low,
              (array_agg(px order by at desc))[1] as close, sum(amount)::float8 as volume, count(*)::int as rows
       from before_trades where who = 'w1' group by 1 order by 1`,
    );
    expect(found).toEqual(rows);
  });

  test('of several series are refused unless they are kept apart', async () => {
    const { bars } = await scene();
    await expect(bars({ filters: [] })).rejects.toMatchObject({
      message: expect.stringContaining('would mix the rows of different symbol'),
      hint: expect.stringContaining('by=symbol'),
    });
    await expect(bars({ filters: [{ column: 'symbol', values: ['a', 'b'] }] })).rejects.toThrow();
    const apart = await bars({ filters: [], by: ['symbol'], timeframe: '1d' });
    expect(new Set(apart.map(({ symbol }) => symbol))).toEqual(new Set(['a', 'b']));
  });

  test('that can not be are refused', async () => {
    const { bars } = await scene();
    const wrong: [Partial<BarsAsk>, RegExp][] = [
      [{ timeZone: 'Mars/Olympus', timeframe: '1d' }, /no time zone/],
      [{ timeZone: "UTC'); drop table x; --", timeframe: '1d' }, /no time zone/],
      [{ timeZone: 'Europe/Berlin' }, /same in every time zone/],
      [{ dataset: 'trades', filters: [] }, /has not all of the columns open, high, low and close/],
      [{ price: 'symbol' }, /no number/],
      [{ price: 'nothing' }, /no column "nothing"/],
    ];
    for (const [more, expected] of wrong) await expect(bars(more)).rejects.toThrow(expected);
  });
});

describe('figures of groups', () => {
  test('are those of one table', async () => {
    const { db, aggregate } = await scene();
    const found = await aggregate({
      by: ['symbol'],
      functions: [
        'count',
        'count(open)',
        'count_distinct(close)',
        'sum(volume)',
        'min(low)',
        'max(high)',
        'first(open)',
        'last(close)',
        'avg(volume)',
      ],
      from: daysAgo(33),
      to: daysAgo(2),
    });
    const { rows } = await db.query(
      `select symbol, count(*)::int as count, count(open)::int as count_open, count(distinct close)::int as count_distinct_close,
              sum(volume)::int as sum_volume, min(low)::float8 as min_low, max(high)::float8 as max_high,
              ((array_agg(open order by time) filter (where open is not null))[1])::float8 as first_open,
              ((array_agg(close order by time desc))[1])::float8 as last_close, round(avg(volume), 3)::float8 as avg_volume
       from before where time >= '${daysAgo(33)}' and time < '${daysAgo(2)}' group by symbol order by symbol`,
    );
    // PostgreSQL divides exactly, DuckDB as doubles.
    const rounded = found.map((row) => ({
      ...row,
      avg_volume: Number(Number(row['avg_volume']).toFixed(3)),
    }));
    expect(rounded).toEqual(rows);
    expect(await aggregate({})).toEqual([{ count: 205 * 40 * 2 }]);
    const daily = await aggregate({ timeframe: '1d', timeZone: 'Europe/Berlin', by: ['symbol'] });
    expect(daily.length).toBe(2 * 40);
  });

  test('that there are not are refused with those there are', async () => {
    const { aggregate } = await scene();
    for (const wrong of [
      'median(open)',
      'sum',
      'sum(symbol)',
      'sum(x)',
      'count(*); drop',
      'read_text(open)',
    ]) {
      await expect(aggregate({ functions: [wrong] }), wrong).rejects.toMatchObject({
        code: 'QUERY_INVALID',
      });
    }
  });
});
