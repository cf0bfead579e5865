/** What a query would read, told before it reads anything. */
import { describe, expect, test } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import type { DatasetPlan } from '../../../src/query/query-plan.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const TICKS = makeDataset('ticks', { sortBy: ['symbol'] });
const DATASETS = [TICKS, makeDataset('empty')];

async function scene(): Promise<{
  readonly database: TestDatabase;
  readonly ask: (sql: string) => ReturnType<typeof askStores>;
  readonly explain: (sql: string) => Promise<readonly DatasetPlan[]>;
}> {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  const db = await database.connect();
  await database.query(
    `create table ticks (time timestamptz not null, symbol text, lot int, price numeric(20,8));
     create table empty (time timestamptz not null, symbol text, amount numeric(10,2))`,
  );
  // Each day has a symbol of its own.
  await database.query(
    `insert into ticks
     select $1::timestamptz + n * interval '1 hour', 's' || to_char(n / 24, 'FM00'), n, n
     from generate_series(0, 24 * 40 - 1) n`,
    [daysAgo(40)],
  );
  await rotateDataset(bench.rooms, TICKS, { force: true });
  await database.query('analyze ticks');
  return {
    database,
    ask: (sql) => askStores(bench, db, DATASETS, sql),
    explain: async (sql) => {
      const { rows, summary } = await askStores(bench, db, DATASETS, sql, { explain: true });
      expect(rows).toEqual([]);
      expect(summary).toMatchObject({ rows: 0, segmentsRead: 0, hotRows: 0 });
      return summary.plan ?? [];
    },
  };
}

describe('--explain', () => {
  test('says which statistic rules out how many segments', async () => {
    const { explain } = await scene();
    const [plan, ...more] = await explain(
      `select lot from ticks where time < '${daysAgo(35)}' and symbol = 's02'`,
    );
    expect(more).toEqual([]);
    expect(plan?.cold).toMatchObject({
      live: 10,
      timeColumn: 'time',
      prunedByTime: 5,
      columns: ['symbol'],
      prunedByColumns: 4,
      read: 1,
      rows: 24,
    });
    expect(plan?.cold?.bytes).toBeGreaterThan(0);
  });

  test('says what PostgreSQL is asked, and about how much comes of it', async () => {
    const { explain } = await scene();
    const [plan] = await explain(`select lot from ticks where lot >= 950 and symbol = 's39'`);
    expect(plan?.hot).toMatchObject({ table: 'public.ticks', columns: ['time', 'symbol', 'lot'] });
    expect(plan?.hot?.condition).toContain(`"lot" >= '950'::bigint`);
    expect(plan?.hot?.condition).toContain(`"symbol" = 's39'`);
    expect(plan?.hot?.estimatedRows).toBeLessThan(50);
  });

  test('tells of the side alone that is named, and of all datasets', async () => {
    const { explain } = await scene();
    const plan = await explain('select 1 from cold.ticks, hot.empty');
    expect(plan.map(({ dataset, cold, hot }) => [dataset, cold !== null, hot !== null])).toEqual([
      ['ticks', true, false],
      ['empty', false, true],
    ]);
    expect(await explain('select 1')).toEqual([]);
  });

  test('counts all segments where nothing is ruled out', async () => {
    const { explain } = await scene();
    const [plan] = await explain("select * from ticks where price > 3 or symbol like 's%'");
    expect(plan?.cold).toMatchObject({ live: 10, prunedByTime: 0, prunedByColumns: 0, read: 10 });
    expect(plan?.hot?.condition).toBe('true');
  });

  test('tells a wrong name, as the query itself would', async () => {
    const { explain } = await scene();
    await expect(explain('select nothing from ticks')).rejects.toMatchObject({
      code: 'QUERY_INVALID',
      message: expect.stringContaining('nothing'),
    });
    await expect(explain('select * from nowhere')).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  });
});

describe('a dataset that is empty', () => {
  test('is a table without rows and with its own columns, whichever side is asked', async () => {
    const { ask } = await scene();
    for (const table of ['empty', 'cold.empty', 'hot.empty']) {
      const { rows } = await ask(
        `select count(*) as n, typeof(max(amount)) as amount, typeof(max(time)) as time from ${table}`,
      );
      expect(rows).toEqual([{ n: 0, amount: 'DECIMAL(10,2)', time: 'TIMESTAMP WITH TIME ZONE' }]);
    }
  });

  test('and of which the lake alone is asked, keeps its hot rows out', async () => {
    const { ask, database } = await scene();
    await database.query(`insert into empty values (now(), 's', 1)`);
    const { rows, summary } = await ask('select count(*) as n from cold.empty');
    expect(rows).toEqual([{ n: 0 }]);
    expect(summary.hotRows).toBe(0);
  });
});
