/** Hot and cold as one table: each row once, wherever it lies. */
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const DATASETS = ['ticks', 'empty', 'gone'].map((name) => makeDataset(name));

/** 40 days of hourly rows, the first ten of them cold; `before` is the whole as it was. */
async function scene(): Promise<{
  readonly database: TestDatabase;
  readonly db: pg.Client;
  readonly bench: Bench;
  readonly ask: (
    sql: string,
    limits?: { readonly maxHotRows?: number; readonly maxHoldMs?: number },
  ) => ReturnType<typeof askStores>;
}> {
  const database = await createTestDatabase();
  const db = await database.connect();
  const bench = await openBench(database);
  await database.query(
    `create table ticks (time timestamptz not null, symbol text, lot int, price numeric(20,8), note jsonb);
     create table empty (time timestamptz not null, symbol text)`,
  );
  await database.query(
    `insert into ticks
     select $1::timestamptz + n * interval '1 hour', case when n % 6 = 5 then null else 's' || n % 6 end,
            n % 100 - 50, n * 1.25, case when n % 7 = 0 then null else jsonb_build_object('n', n) end
     from generate_series(0, 24 * 40 - 1) n`,
    [daysAgo(40)],
  );
  await database.query('create table before as table ticks');
  await rotateDataset(bench.rooms, makeDataset('ticks'), { force: true });
  return { database, db, bench, ask: (sql, limits) => askStores(bench, db, DATASETS, sql, limits) };
}

const QUESTIONS = [
  'select * from ticks order by time limit 3',
  'from ticks order by time desc limit 3',
  'select ticks from ticks order by time limit 1',
  'select t.symbol, t.lot from ticks t order by t.time desc limit 5',
  "select columns('p.*') from ticks order by time limit 2",
  'select a, b from ticks t(a, b) order by a limit 2',
  'select sum(price) as s from (select * from ticks) where note is null',
  'select t.lot, u.lot as l from ticks t join ticks u using (time) order by time limit 3',
  'select count(*) as n from ticks natural join (select symbol from ticks limit 1)',
  'with c as (select symbol, max(price) as p from ticks group by all) select * from c order by all',
  'select sum(lot) over (order by time rows 3 preceding) as w from ticks order by time desc limit 2',
  'select (select max(lot) from ticks i where i.symbol = o.symbol) as m from (select distinct symbol from ticks) o order by all',
  'select distinct on (symbol) symbol, lot from ticks order by symbol, time desc',
  'select unnest([price, lot]) as u from ticks order by time, u limit 4',
];

describe('a query of a dataset that is hot and cold', () => {
  test('I2: sees each row once, and of `hot` and `cold` the one side', async () => {
    const { ask } = await scene();
    const count = async (table: string) => (await ask(`select count(*) as n from ${table}`)).rows;
    expect(await count('ticks')).toEqual([{ n: 960 }]);
    expect(await count('cold.ticks')).toEqual([{ n: 240 }]);
    expect(await count('hot.ticks')).toEqual([{ n: 720 }]);
    const { rows } = await ask('select count(*) as n, count(distinct time) as times from ticks');
    expect(rows).toEqual([{ n: 960, times: 960 }]);
  });

  test('reads neither the hot rows of cold.ticks nor the segments of hot.ticks', async () => {
    const { ask } = await scene();
    const cold = await ask('select price from cold.ticks');
    expect(cold.summary).toMatchObject({ hotRows: 0, segmentsRead: 10 });
    const hot = await ask('select price from hot.ticks');
    expect(hot.summary).toMatchObject({ hotRows: 720, segmentsRead: 0 });
  });

  test('has both sides ask for no more than its conditions need', async () => {
    const { db, ask } = await scene();
    const span = `time >= '${daysAgo(31)}' and time < '${daysAgo(29)}'`;
    const both = await ask(`select symbol from ticks where ${span}`);
    expect(both.rows).toHaveLength(48);
    // The hull is a microsecond wider on each side.
    expect(both.summary).toMatchObject({ segmentsRead: 1, hotRows: 25 });
    const oneSymbol = await ask(`select lot from ticks where symbol = 's1' and ${span}`);
    expect(oneSymbol.rows).toHaveLength(8);
    expect(oneSymbol.summary.hotRows).toBeLessThanOrEqual(5);
    const lots = await ask(`select lot from ticks where lot between 10 and 12 order by lot`);
    expect(lots.rows).toEqual(
      (await db.query(`select lot from before where lot between 10 and 12 order by lot`)).rows,
    );
    expect(lots.summary.hotRows).toBeLessThan(30);
  });

  test('gives what one table gives', async () => {
    const { db, bench, ask } = await scene();
    for (const sql of QUESTIONS) {
      const answer = await ask(sql);
      // The same question of the same rows that were never moved.
      const whole = sql.replaceAll(/\bticks\b/g, 'before');
      const never = await askStores(bench, db, [makeDataset('before')], whole);
      const renamed = JSON.parse(
        JSON.stringify(never.rows).replaceAll('"before"', '"ticks"'),
      ) as unknown;
      expect(answer.rows, sql).toEqual(renamed);
      expect(answer.rows.length, sql).toBeGreaterThan(0);
    }
  });

  test('an empty table is an empty table, and one that is gone is not known', async () => {
    const { ask } = await scene();
    expect((await ask('select * from empty')).rows).toEqual([]);
    expect((await ask('describe empty')).rows.map((row) => row['column_name'])).toEqual([
      'time',
      'symbol',
    ]);
    await expect(ask('select * from gone')).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      hint: expect.stringContaining('ticks'),
    });
    expect((await ask('show tables')).rows.map((row) => row['name'])).toEqual(['ticks']);
  });

  test('describes a dataset without reading it', async () => {
    const { ask } = await scene();
    const { rows, summary } = await ask('describe ticks');
    expect(rows.map((row) => row['column_type'])).toEqual([
      'TIMESTAMP WITH TIME ZONE',
      'VARCHAR',
      'INTEGER',
      'DECIMAL(20,8)',
      'JSON',
    ]);
    expect(summary.hotRows).toBe(0);
  });

  test('is refused where it needs too many hot rows, and says what helps', async () => {
    const { ask } = await scene();
    await expect(ask('select median(price) from ticks', { maxHotRows: 100 })).rejects.toMatchObject(
      {
        code: 'HOT_ROWS_EXCEEDED',
        hint: expect.stringContaining('cold.ticks'),
      },
    );
    expect((await ask(`select count(*) as n from ticks`)).rows).toEqual([{ n: 960 }]);
  });

  test('holds nothing in PostgreSQL when its rows have been read', async () => {
    const { database, db, ask } = await scene();
    await ask('select * from ticks');
    // No transaction is open on its connection, so nothing is read-only and nothing is locked.
    await db.query('create temp table writable ()');
    await database.query(`set lock_timeout = '5s'; drop table ticks`);
  });

  test('sees a column that was added since: null in what is cold', async () => {
    const { database, ask } = await scene();
    await database.query("alter table ticks add column venue text default 'x'");
    const { rows } = await ask(
      'select venue, count(*) as n from ticks group by venue order by venue',
    );
    expect(rows).toEqual([
      { venue: 'x', n: 720 },
      { venue: null, n: 240 },
    ]);
  });
});
