/** `order by time … limit n`: both sides are asked for no more than can be among the first. */
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores, type StoresAnswer } from '../../support/ask-stores.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { type WatchedStatement, watchStatements } from '../../support/watched-statements.ts';

const TICKS = makeDataset('ticks', { sortBy: ['symbol'] });

type Ask = ((sql: string) => Promise<StoresAnswer>) & {
  readonly db: pg.Client;
  readonly explain: (sql: string) => Promise<StoresAnswer['summary']['plan']>;
  /** Everything that PostgreSQL was asked. */
  readonly statements: readonly WatchedStatement[];
};

async function scene(): Promise<Ask> {
  const database = await createTestDatabase();
  const bench = await openBench(database);
  const db = await database.connect();
  // Two rows of each instant.
  await db.query(
    `create table ticks (time timestamptz not null, symbol text, lot int, price numeric(12,2), ratio float8);
     insert into ticks
     select '${daysAgo(35)}'::timestamptz + (n / 2) * interval '1 hour', 's' || n % 3, n, n * 0.25, n / 3.0
     from generate_series(0, 35 * 48 - 1) n`,
  );
  await rotateDataset(bench.rooms, TICKS, { force: true });
  const statements = watchStatements(db);
  const ask = (sql: string) => askStores(bench, db, [TICKS], sql);
  const explain = async (sql: string) =>
    (await askStores(bench, db, [TICKS], sql, { explain: true })).summary.plan;
  return Object.assign(ask, { db, explain, statements });
}

/** The same, and too much for either side to stop early. */
const ofAll = (sql: string): string =>
  sql.replace('from ticks', 'from ticks cross join (select 1)');

describe('the newest rows', () => {
  test.each([
    ['select lot from ticks order by time desc, lot limit 10', 10],
    ['select * from ticks order by time desc, lot limit 5 offset 6', 12],
    [
      "select time, lot * 2 as twice from ticks where symbol = 's1' and price > 3 order by time desc, lot limit 7",
      9,
    ],
    ['select lot as n from ticks where not (lot % 2 = 1) order by time desc, lot limit 3', 1440],
    ['select lot from ticks order by lot desc limit 3', 1440],
    ['select count(*) over () as n, lot from ticks order by time desc, lot limit 3', 1440],
    ['select -lot as time from ticks order by time desc limit 3', 1440],
    ['select * replace (-lot as time) from ticks order by time desc limit 3', 1440],
    [
      'select * rename (symbol as time, time as symbol) from ticks order by time, lot limit 3',
      1440,
    ],
    ["select columns('(l)ot') as 'time', lot from ticks order by time desc, lot limit 3", 1440],
    ['select -lot as time, lot from ticks order by ticks.time desc, lot limit 3', 4],
    ['select distinct symbol, time from ticks order by time desc, symbol limit 3', 1440],
    ['select unnest([lot, lot]) as n from ticks order by time desc limit 3', 1440],
  ])('%s', async (sql, most) => {
    const ask = await scene();
    const answer = await ask(sql);
    expect(answer.rows).toEqual((await ask(ofAll(sql).replace('select *', 'select ticks.*'))).rows);
    expect(answer.summary.hotRows).toBeLessThanOrEqual(most);
    // Where PostgreSQL has as many, no segment is opened.
    expect(answer.summary.segmentsRead).toBe(most < 1440 ? 0 : 5);
  });

  test('list no segment of the lake where PostgreSQL has as many', async () => {
    const ask = await scene();
    const listed = () =>
      ask.statements
        .filter(({ text }) => text.includes('g.max_time_us::text'))
        .map(({ rows }) => rows ?? 0);
    await ask("select * from ticks where symbol = 's1' order by time desc limit 10");
    expect(listed()).toEqual([]);
    await ask("select * from ticks where symbol = 's1' order by time desc limit 1000");
    expect(listed()).toEqual([5]);
  });

  test('are those of the lake where PostgreSQL has too few', async () => {
    const ask = await scene();
    const sql = `select lot from ticks where time < '${daysAgo(29)}' order by time desc, lot limit 60`;
    const { rows, summary } = await ask(sql);
    expect(rows).toEqual((await ask(ofAll(sql))).rows);
    expect(summary).toMatchObject({ segmentsRead: 5, hotRows: 48 });
  });

  test('and the oldest are asked of both sides', async () => {
    const ask = await scene();
    const sql = 'select lot from ticks order by time, lot limit 60';
    const { rows, summary } = await ask(sql);
    expect(rows).toEqual((await ask(ofAll(sql))).rows);
    expect(summary.hotRows).toBeLessThanOrEqual(60);
  });

  test('are asked for by each condition once: said twice, PostgreSQL would sort all that pass', async () => {
    const ask = await scene();
    await ask.db.query('create index on ticks (symbol, time); analyze ticks');
    const sql = "select * from ticks where symbol = 's1' and lot > 5 order by time desc limit 10";
    const [plan] = (await ask.explain(sql)) ?? [];
    const condition = plan?.hot?.condition ?? '';
    expect(condition.split("'s1'").length - 1).toBe(1);
    const { rows } = await ask.db.query<{ 'QUERY PLAN': string }>(
      `explain select * from ticks where ${condition}`,
    );
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).not.toContain('Sort');
  });

  test('of texts that PostgreSQL folds are those of the very bytes', async () => {
    const ask = await scene();
    await ask.db.query(
      `create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
       alter table ticks alter symbol type text collate folded;
       update ticks set symbol = 'S1' where lot % 2 = 0 and symbol = 's1'`,
    );
    const sql = "select symbol, lot from hot.ticks where symbol = 's1' order by time desc limit 10";
    const { rows } = await ask(sql);
    expect(rows).toHaveLength(10);
    expect(rows).toEqual(
      (await ask(sql.replace('from hot.ticks', 'from hot.ticks cross join (select 1)'))).rows,
    );
    expect(new Set(rows.map(({ symbol }) => symbol))).toEqual(new Set(['s1']));
    const counted = await ask("select count(*)::int as n from hot.ticks where symbol = 's1'");
    expect(counted.rows).toEqual(
      (await ask("select count(*)::int as n from hot.ticks where symbol || '' = 's1'")).rows,
    );
  });
});
