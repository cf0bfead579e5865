/** Aggregates over hot rows that PostgreSQL computes: the answer is that of the rows, to the last digit. */
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import type { HotPlan } from '../../../src/query/query-plan.ts';
import { askStores, type StoresAnswer } from '../../support/ask-stores.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const TICKS = makeDataset('ticks', { sortBy: ['symbol'] });
const HOT_ROWS = 1_000;

interface Scene {
  readonly db: pg.Client;
  /** With room for a twentieth of the hot rows. */
  readonly ask: (sql: string) => Promise<StoresAnswer>;
  readonly fetch: (sql: string) => Promise<StoresAnswer>;
  readonly explain: (sql: string) => Promise<HotPlan | null>;
}

async function scene(more = ''): Promise<Scene> {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  const db = await database.connect();
  await db.query(
    `create table ticks (time timestamptz not null, stamp timestamp, day date, symbol text, code char(4), small smallint,
       lot int, big bigint, price numeric(20,8), wide numeric(38,4), loose numeric, ratio float8, part float4, flag boolean,
       id uuid ${more})`,
  );
  await db.query(
    `insert into ticks
     select t, t::timestamp, t::date, (array['a', 'B', 'ä', 'z', null])[1 + n % 5], 'x', n % 7, n, 9223372036854770000 - n,
            n * 0.12345678, 1e33::numeric + n, n, n / 3.0, n / 7.0, n % 3 = 0,
            ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid
     from (select n, $1::timestamptz + n * interval '40 minutes' as t from generate_series(0, $2::int - 1) n) rows`,
    [daysAgo(35), 360 + HOT_ROWS],
  );
  await rotateDataset(bench.rooms, TICKS, { force: true });
  return {
    db,
    ask: (sql) => askStores(bench, db, [TICKS], sql, { maxHotRows: HOT_ROWS / 20 }),
    fetch: (sql) => askStores(bench, db, [TICKS], sql),
    explain: async (sql) => {
      const { summary } = await askStores(bench, db, [TICKS], sql, { explain: true });
      return summary.plan?.[0]?.hot ?? null;
    },
  };
}

/** The same of fetched rows: a join keeps them from being aggregated where they lie. */
const ofRows = (sql: string): string =>
  sql.replaceAll(/\bfrom ((?:hot\.)?ticks(?: as \w+)?)\b/g, 'from $1 cross join (select 1)');

const AGGREGATED = [
  'select count(*) from ticks',
  'select count(*) as n, count(symbol), count(loose), count(1) from ticks',
  'select sum(small), sum(lot), sum(big), sum(price), min(price), max(price) from ticks',
  'select min(time), max(stamp), min(day), max(small), min(big), max(wide), min(ratio), max(part) from ticks',
  'select min(symbol), max(symbol) from ticks',
  'select symbol, count(*), sum(lot) from ticks group by symbol order by all',
  'select symbol, flag, sum(price) as total from ticks group by all order by total desc, symbol limit 4',
  "select date_trunc('week', time) as bucket, count(*) from ticks group by bucket order by 1",
  "select date_trunc('month', stamp), max(lot) from ticks group by 1 order by 1",
  "select time_bucket(interval '10 days', time) as t, min(price), max(price) from ticks group by t order by t",
  "select time_bucket('36 hours', stamp) as t, sum(big) from ticks where stamp >= '2026-03-20' group by t order by t",
  'select time::date as d, count(*) from ticks where lot > 5 or flag group by d order by d limit 3',
  "select stamp::date, sum(lot) from ticks where time >= '2026-03-28' group by 1 order by 1",
  'select sum(lot) filter (where flag), count(*) filter (where not flag and lot > 3.5) from ticks',
  "select sum(lot) / count(*) as mean, coalesce(max(symbol), '') || '!' as s from ticks where symbol is null",
  'select small % 2 from ticks group by small having count(*) < 0',
  'select symbol, count(*) as n from ticks group by symbol having count(*) > 3 and max(lot) > 0 order by n, symbol',
  "select count(*) from ticks where price between 10 and 12.5 and symbol not in ('a', 'b')",
  "select count(*) from ticks where not (symbol < 'a' or lot in (3, 400, null))",
  "select count(*) from ticks where time::date = '2026-03-05' or day > '2026-03-25'",
  "select count(*) from ticks where ratio >= 0.1 and id <> '00000000-0000-0000-0000-000000000007'",
  'select count(*), max(lot) from hot.ticks',
  'select (select max(lot) from ticks) - (select min(lot) from ticks where lot > 400) as span',
  'with daily as (select day, sum(lot) as s from ticks group by day) select max(s), count(*) from daily',
  'select bool_and(flag), bool_or(flag) from ticks where lot > 900',
  'select distinct max(lot) from ticks group by symbol order by 1',
  'select t.symbol, max(t.lot) from ticks as t where t.flag group by t.symbol order by t.symbol',
  'select sum(lot) from ticks where lot < 0',
  'select symbol, first(price order by time), max(price), min(price), last(price order by time), sum(big) from ticks group by symbol order by symbol',
  'select last(ratio order by time desc) as f, first(small order by time desc) as l, last(part order by time) as p from ticks',
  'select arg_min(price, time), arg_max(lot, stamp), max_by(ratio, big), min_by(small, lot) from ticks where flag',
  'select arg_max(lot, time) filter (where not flag), first(lot order by time) filter (where flag) as f from ticks where lot > 0',
  "select time_bucket('3 days', time) as t, arg_min(lot, time) as a, last(lot order by time) as l from ticks group by t order by t",
  'select small as small, -max(lot) as flag from ticks group by small having small > 1 order by small',
  'select max(lot) as m, max(lot) + 1 as "count_star()" from ticks',
];

describe('I6: an aggregate over hot rows is computed by PostgreSQL', () => {
  test('and its answer is that of the rows, to the last digit', async () => {
    const { ask, fetch } = await scene();
    for (const sql of AGGREGATED) {
      const fetched = await fetch(ofRows(sql));
      const aggregated = await ask(sql).catch((error: unknown) => error);
      expect.soft({ sql, ...told(aggregated) }).toEqual({ sql, ...told(fetched) });
    }
  });
});

const FETCHED: readonly (readonly [sql: string, reason: string])[] = [
  ['select avg(lot) from ticks', 'avg has no exact parts'],
  ['select sum(ratio) from ticks', 'sum(ratio) of double precision'],
  ['select sum(wide) from ticks', 'sum(wide) of numeric(38,4)'],
  ['select max(loose) from ticks', 'loose is numeric, and not held as that'],
  ['select max(code) from ticks', 'max(code) of character(4)'],
  ['select count(distinct symbol) from ticks', 'count(distinct …)'],
  ['select median(lot) from ticks', 'median has no exact parts'],
  ['select string_agg(symbol) from ticks', 'string_agg has no exact parts'],
  ['select sum(lot + 1) from ticks', 'sum is of more than a column'],
  ["select count(*) from ticks where symbol like 'a%'", 'its condition is not made of'],
  ["select count(*) from ticks where code = 'x'", 'its condition on code'],
  ['select count(*) from ticks where lot > (select 1)', 'its condition is not made of'],
  ['select count(*) from ticks where lot > 2.5::double', 'its condition on lot'],
  ['select ratio, count(*) from ticks group by ratio', 'it groups by ratio'],
  ['select lot % 2, count(*) from ticks group by 1', 'it groups by more than columns'],
  ['select symbol, count(*) from ticks group by rollup (symbol)', 'in several ways'],
  [
    'select symbol, count(*) from ticks group by symbol qualify row_number() over () < 3',
    'it has QUALIFY',
  ],
  ['select count(*), sum(count(*)) over () from ticks', 'it has a window function'],
  ['select count(*) from ticks a join ticks b using (lot)', 'it is joined with others'],
  ['select count(*) from ticks tablesample 50%', 'it is joined with others, or named otherwise'],
  [
    'with ticks as (select * from ticks) select count(*) from ticks',
    'a common table expression has its name',
  ],
  ['select lot from ticks', 'it takes lot of single rows'],
  ['select 1 from ticks', 'it asks for rows'],
  [
    'select count(*), (select max(lot) from ticks t where t.lot = ticks.lot) from ticks group by lot',
    'it has a query inside of it',
  ],
  [
    'select symbol as s, max(lot) as symbol from ticks group by ticks.symbol order by symbol desc limit 2',
    'its order is by a name of two meanings',
  ],
  [
    'select flag as small, small as flag, count(*) from ticks group by small, flag order by not flag, small',
    'its order is by a name of two meanings',
  ],
  [
    'select distinct on (small) flag as small, count(*) from ticks group by ticks.small, flag order by 1',
    'its order is by a name of two meanings',
  ],
  ['select random() + count(*) from ticks', 'random is of more than a column'],
];

test('rows are fetched where they must be, and the reason is told', async () => {
  const { ask, explain } = await scene();
  for (const [sql, reason] of FETCHED) {
    expect.soft((await explain(sql))?.notAggregated, sql).toContain(reason);
    await expect.soft(ask(sql), sql).rejects.toMatchObject({
      code: 'HOT_ROWS_EXCEEDED',
      message: expect.stringContaining(reason),
    });
  }
});

test('an order is by what its names mean, also where one is a column as well', async () => {
  const { fetch } = await scene();
  for (const sql of [
    'select symbol as s, max(lot) as symbol from ticks group by ticks.symbol order by symbol desc limit 2',
    'select flag as small, small as flag, count(*) as n from ticks group by small, flag order by small, flag',
    'select distinct on (small) flag as small, ticks.small as s, count(*) as n from ticks group by ticks.small, flag order by small, s',
  ]) {
    expect.soft((await fetch(sql)).rows, sql).toEqual((await fetch(ofRows(sql))).rows);
  }
});

describe('values that are unlike others', () => {
  test('count, compare and bound as they do in PostgreSQL', async () => {
    const { db, ask } = await scene();
    await db.query(
      `insert into ticks (time, stamp, day, lot, ratio, symbol, price) values
         ('2026-03-30Z', 'infinity', 'infinity', 2147483647, 'NaN', '', 999999999999.99999999),
         ('2026-03-30Z', '-infinity', '-infinity', -2147483648, '-Infinity', 'é', -999999999999.99999999),
         ('2026-03-30Z', null, null, null, 'Infinity', 'zz', null)`,
    );
    const { rows } = await ask(
      `select max(stamp) as s, min(day) as d, max(ratio) as r, min(ratio) as q, max(symbol) as t, min(symbol) as e,
              max(price) as p, count(*) filter (where ratio > 1e300) as n, count(day) as c,
              count(*) filter (where stamp = 'infinity') as i
       from ticks where time >= '2026-03-30' and time <= '2026-03-30'`,
    );
    expect(rows).toEqual([
      {
        s: 'infinity',
        d: '-infinity',
        r: 'NaN',
        q: '-Infinity',
        t: 'é',
        e: '',
        p: '999999999999.99999999',
        n: 2,
        c: 3,
        i: 1,
      },
    ]);
  });

  test('a numeric NaN is refused, as it is when it is fetched', async () => {
    const { db, ask } = await scene();
    await db.query(`insert into ticks (time, price) values ('2026-03-30Z', 'NaN')`);
    await expect(ask('select max(price) from ticks')).rejects.toMatchObject({
      code: 'VALUE_NOT_HELD',
    });
    const { rows } = await ask('select count(price) > 1000 as yes from ticks');
    expect(rows).toEqual([{ yes: true }]);
  });
});

test('I11: a row that came again counts once, as the newer', async () => {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  const db = await database.connect();
  const bars = makeDataset('bars', { sortBy: ['symbol'] });
  await db.query(
    `create table bars (time timestamptz, symbol text, close int, primary key (symbol, time));
     insert into bars select '${daysAgo(35)}'::timestamptz + n * interval '1 day', 'A', n from generate_series(0, 34) n`,
  );
  await rotateDataset(bench.rooms, bars, { force: true });
  await db.query(
    `insert into bars values ('${daysAgo(35)}', 'A', 1000), ('${daysAgo(34)}', 'B', 7)`,
  );
  const ask = async (sql: string) =>
    (await askStores(bench, db, [bars], sql, { maxHotRows: 5 })).rows;
  const before = 'count(*)::int as n, sum(close)::int as s, first(close order by time) as f';
  expect(await ask(`select ${before} from bars`)).toEqual([{ n: 36, s: 1602, f: 1000 }]);
  expect(await ask(`select ${before} from cold.bars`)).toEqual([{ n: 5, s: 10, f: 0 }]);
  expect(await ask(`select count(*)::int as n from bars where close = 0`)).toEqual([{ n: 0 }]);
});

test('--explain says what PostgreSQL computes', async () => {
  const { explain } = await scene();
  const plan = await explain(
    "select symbol, count(*), last(price order by time) from ticks where price > 10.5 and symbol >= 'a' group by symbol",
  );
  expect(plan).toMatchObject({
    notAggregated: null,
    aggregated: [{ keys: ['symbol'], aggregates: ['count(*)', 'last price by time', 'max(time)'] }],
  });
  expect(plan?.aggregated[0]?.condition).toContain(`("price" > '10.5'::numeric)`);
  expect(plan?.aggregated[0]?.condition).toContain(`"symbol" collate "C" >= 'a'::text`);
});

function told(answer: unknown): object {
  return answer instanceof Error
    ? { error: String(answer) }
    : { rows: JSON.stringify((answer as StoresAnswer).rows) };
}

describe('few rows', () => {
  test('are brought over: their aggregates are the engine’s', async () => {
    const { ask, fetch } = await scene();
    const sql = `select count(*) as n, sum(lot) as lots, sum(price) as prices from ticks where lot >= 1330`;
    const few = await ask(sql);
    expect(few.summary.hotRows).toBe(30);
    expect(few.rows).toEqual((await fetch(ofRows(sql))).rows);
    const none = await ask('select count(*) as n, max(lot) as last from hot.ticks where lot < 0');
    expect(none.rows).toEqual([{ n: 0, last: null }]);
    expect(none.summary.hotRows).toBe(0);
  });

  test('that can’t be held as they are are aggregated where they lie', async () => {
    const { db, ask } = await scene();
    await db.query(`insert into ticks (time, lot, price) values ('2026-03-30Z', -1, 'NaN')`);
    const { rows, summary } = await ask('select count(price) as n from hot.ticks where lot < 0');
    expect(rows).toEqual([{ n: 1 }]);
    expect(summary.hotRows).toBe(1);
    expect(db.getTransactionStatus()).toBe('I');
  });
});
