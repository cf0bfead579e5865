/** A kept answer is given again only as long as asking would give the same. */
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { rotateDataset } from '../../../../src/jobs/rotate.ts';
import { AnswerRecord } from '../../../../src/query/cache/answer-record.ts';
import type { Repeatable } from '../../../../src/query/cache/standing.ts';
import { isStillTrue } from '../../../../src/query/cache/still-true.ts';
import { askStores } from '../../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../../support/rotation.ts';

const DATASETS = [makeDataset('ticks')];

interface Scene {
  readonly database: TestDatabase;
  readonly bench: Bench;
  readonly ask: (
    sql: string,
  ) => Promise<{ readonly rows: string; readonly kept: Repeatable | null }>;
  readonly isStill: (kept: Repeatable | null) => Promise<boolean>;
}

/** 40 days of hourly rows, the first ten of them cold. */
async function scene(): Promise<Scene> {
  const database = await createTestDatabase();
  const [db, other]: pg.Client[] = [await database.connect(), await database.connect()];
  const bench = await openBench(database);
  await database.query(
    `create table ticks (time timestamptz not null, symbol text not null, lot int, primary key (symbol, time));
     create index on ticks (time);
     create table elsewhere (n int)`,
  );
  await database.query(
    `insert into ticks select $1::timestamptz + n * interval '1 hour', 's' || n % 3, n
     from generate_series(0, 24 * 40 - 1) n`,
    [daysAgo(40)],
  );
  await rotateDataset(bench.rooms, makeDataset('ticks'), { force: true });
  return {
    database,
    bench,
    ask: async (sql) => {
      const { rows, summary } = await askStores(bench, db as pg.Client, DATASETS, sql, {
        record: new AnswerRecord(),
      });
      return { rows: JSON.stringify(rows), kept: summary.repeatable };
    },
    isStill: async (kept) => kept !== null && isStillTrue(other as pg.Client, DATASETS, kept),
  };
}

const OLD = `select count(*) as n, sum(lot) as s from ticks where time < '${daysAgo(35)}'`;
const NEW = `select count(*) as n, sum(lot) as s from ticks where time >= '${daysAgo(5)}'`;
const ALL = 'select symbol, count(*) as n from ticks group by symbol order by symbol';
const COLD = 'select count(*) as n from cold.ticks';

describe('a kept answer', () => {
  test('is true as long as nobody wrote anything', async () => {
    const { ask, isStill } = await scene();
    for (const sql of [OLD, NEW, ALL, COLD]) {
      // Other tests write to other databases of the server, and the rows of none tell which.
      await expect.poll(async () => isStill((await ask(sql)).kept), { timeout: 60_000 }).toBe(true);
    }
  });

  test('of the lake alone is true whatever is written elsewhere, one of hot rows is asked again', async () => {
    const { database, ask, isStill } = await scene();
    const kept = { old: await ask(OLD), new: await ask(NEW), cold: await ask(COLD) };
    await database.query('insert into elsewhere values (1)');
    expect(await isStill(kept.old.kept)).toBe(true);
    expect(await isStill(kept.cold.kept)).toBe(true);
    expect(await isStill(kept.new.kept)).toBe(false);
  });

  test.each<[string, (all: Scene) => Promise<unknown>]>([
    [
      'a late row',
      ({ database }) => database.query(`insert into ticks values ($1, 'late', 1)`, [daysAgo(38)]),
    ],
    [
      'a late row that was moved by now',
      async ({ database, bench }) => {
        await database.query(`insert into ticks values ($1, 'late', 1)`, [daysAgo(38)]);
        await rotateDataset(bench.rooms, makeDataset('ticks'), { force: true });
      },
    ],
    ['another column', ({ database }) => database.query('alter table ticks add column more int')],
    [
      'another key',
      ({ database }) => database.query('alter table ticks drop constraint ticks_pkey'),
    ],
    ['another table', ({ database }) => database.query('alter table ticks rename to away')],
  ])('of the lake is not true after %s', async (_, change) => {
    const all = await scene();
    const { kept } = await all.ask(OLD);
    expect(await all.isStill(kept)).toBe(true);
    await change(all);
    expect(await all.isStill(kept)).toBe(false);
  });

  test('is not kept where the same question has another answer by itself', async () => {
    const { ask } = await scene();
    for (const sql of [
      'select now() as t, count(*) from ticks',
      'select current_date as d from ticks limit 1',
      'select current_timestamp as d from ticks limit 1',
      'select random() as r from ticks limit 1',
      'select uuid() as r from ticks limit 1',
      "select age(timestamp '2020-01-01') as r from ticks limit 1",
      'select count(*) from ticks tablesample 10%',
      'select count(*) from ticks using sample 5',
      "select current_setting('threads') as t from ticks limit 1",
      'select * from range(3)',
      'show tables',
      'describe ticks',
    ]) {
      expect((await ask(sql)).kept, sql).toBeNull();
    }
    expect((await ask(ALL)).kept).not.toBeNull();
  });

  test('is never stale, whatever is written, moved and changed between two questions', async () => {
    const { database, bench, ask, isStill } = await scene();
    const seed = Date.now() % 1_000_000;
    let state = seed;
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((state / 2_147_483_648) * below);
    };
    const changes: readonly (() => Promise<unknown>)[] = [
      () =>
        database.query(
          `insert into ticks values ($1::timestamptz + $2 * interval '7 minutes', 'x' || $2, $2)`,
          [daysAgo(40), random(8_000)],
        ),
      () => database.query('delete from ticks where lot % 97 = $1', [random(97)]),
      () => database.query('update ticks set lot = lot + 1 where lot % 97 = $1', [random(97)]),
      () => database.query('insert into elsewhere values (1)'),
      () => rotateDataset(bench.rooms, makeDataset('ticks'), { force: true }),
    ];
    const kept = new Map<string, Awaited<ReturnType<typeof ask>>>();
    const questions = [OLD, NEW, ALL, COLD];
    let again = 0;
    for (let step = 0; step < 40; step += 1) {
      await changes[random(changes.length)]?.();
      const sql = questions[random(questions.length)] ?? OLD;
      const before = kept.get(sql);
      const isSame = before !== undefined && (await isStill(before.kept));
      const now = await ask(sql);
      if (isSame) {
        again += 1;
        expect(now.rows, `seed ${String(seed)}, step ${String(step)}: ${sql}`).toBe(before.rows);
      }
      kept.set(sql, now);
    }
    expect(again, `seed ${String(seed)}`).toBeGreaterThan(0);
  });
});
