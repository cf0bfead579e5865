/** Readers ask in a loop while rows are moved, dropped, and come late: each answer is right for its instant. */
import type pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TierdError } from '../../src/domain/errors.ts';
import { DAY_MS } from '../../src/domain/time/time-range.ts';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { askStores } from '../support/ask-stores.ts';
import { createTestDatabase } from '../support/database.ts';
import { daysAgo, makeDataset, NOW, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

const DAYS = 26;
const PAIRS_A_DAY = 30;
const READERS = 2;
const ROTATIONS = 4;
/** Days that late rows come for, moved or not. */
const LATE_DAYS = [25, 18, 3];
const COLUMNS =
  'time timestamptz not null, symbol text not null, id int not null, amount int not null';

type Make = (db: pg.Client) => Promise<unknown>;

const PLAIN: Make = (db) => db.query(`create table ticks (${COLUMNS})`);

const PARTITIONED: Make = async (db) => {
  await db.query(`create table ticks (${COLUMNS}) partition by range (time)`);
  await db.query('create table ticks_rest partition of ticks default');
  for (let day = DAYS; day >= 0; day -= 2) {
    await db.query(
      `create table ticks_${String(day)} partition of ticks for values from ('${daysAgo(day)}') to ('${daysAgo(day - 2)}')`,
    );
  }
};

const HYPERTABLE: Make = async (db) => {
  await PLAIN(db);
  await db.query(
    `select create_hypertable('ticks', 'time', chunk_time_interval => interval '2 days')`,
  );
};

/** Two rows that are nothing together; a reader that sees one of them sees half a transaction. */
async function insertPairs(db: pg.Client, day: number, from: number, count: number): Promise<void> {
  await db.query(
    `insert into ticks
     select $1::timestamptz + n * interval '11 minutes', 's' || n % 3, 2 * ($2 + n) + side, (1 - 2 * side) * ($2 + n)
     from generate_series(0, $3 - 1) n, generate_series(0, 1) side`,
    [daysAgo(day), from, count],
  );
}

async function checkAnswersWhile(make: Make, timescale: boolean): Promise<void> {
  const database = await createTestDatabase({ timescale });
  const db = await database.connect();
  let now = NOW - ROTATIONS * DAY_MS;
  const bench = await openBench(database, { clock: { now: () => now } });
  const dataset = makeDataset('ticks', { hotDays: 16 });
  await make(db);
  for (let day = DAYS; day > 0; day -= 1) {
    await insertPairs(db, day, day * PAIRS_A_DAY, PAIRS_A_DAY);
  }
  let begun = DAYS * PAIRS_A_DAY * 2;
  let committed = begun;
  let isOver = false;
  let answers = 0;
  let splitAnswers = 0;

  const read = async (): Promise<void> => {
    const client = await database.connect();
    onTestFinished(() => client.end());
    while (!isOver) {
      const least = committed;
      const { rows } = await askStores(
        bench,
        client,
        [dataset],
        `select count(*) as n, count(distinct id) as ids, sum(amount)::int as total,
                (select count(*) from cold.ticks) as cold from ticks`,
      );
      const [{ n, ids, total, cold } = { n: 0, ids: 0, total: 0, cold: 0 }] = rows as {
        n: number;
        ids: number;
        total: number;
        cold: number;
      }[];
      // Nobody is seen twice, nobody is missing, and no transaction by half.
      expect({ ids, total, odd: n % 2 }).toEqual({ ids: n, total: 0, odd: 0 });
      expect(n).toBeGreaterThanOrEqual(least);
      expect(n).toBeLessThanOrEqual(begun);
      answers += 1;
      await insertLate();
      if (cold > 0 && cold < n) splitAnswers += 1;
    }
  };
  /** One late pair for each answer, so that the rotation comes to an end on a slow machine too. */
  const writer = await database.connect();
  onTestFinished(() => writer.end());
  let late = 0;
  const insertLate = async (): Promise<void> => {
    const number = late;
    late += 1;
    begun += 2;
    await insertPairs(writer, LATE_DAYS[number % LATE_DAYS.length] ?? 1, 100_000 + number, 1);
    committed += 2;
  };
  const move = async (): Promise<void> => {
    for (let day = 0; day < ROTATIONS; day += 1) {
      now += DAY_MS;
      await rotateDataset(bench.rooms, dataset, { force: true }).catch((error: unknown) => {
        // A writer that is in the way has a slice stay hot; the next day's run takes it.
        if (!(error instanceof TierdError && error.retry)) throw error;
      });
    }
  };
  const over = (): void => void (isOver = true);
  await Promise.all([
    move().finally(over),
    ...Array.from({ length: READERS }, () => read().finally(over)),
  ]);
  expect(answers).toBeGreaterThan(ROTATIONS);
  expect(splitAnswers).toBeGreaterThan(0);
}

describe('I2, I11: every answer is right for its instant', () => {
  test('while rows are deleted from a plain table', () => checkAnswersWhile(PLAIN, false), 300_000);
  test('while partitions are dropped', () => checkAnswersWhile(PARTITIONED, false), 300_000);
});

describeOn('timescale', 'I2, I11: every answer is right for its instant', () => {
  test('while chunks are dropped', () => checkAnswersWhile(HYPERTABLE, true), 300_000);
});
