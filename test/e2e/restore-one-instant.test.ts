/** Readers ask in a loop while rows go to the lake and come back: each answer has each row once. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { unpinDataset } from '../../src/jobs/unpin.ts';
import { askStores } from '../support/ask-stores.ts';
import { createTestDatabase } from '../support/database.ts';
import { days, restore, rotateAll } from '../support/restore.ts';
import { daysAgo, makeDataset, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

const ROWS_A_DAY = 60;
const ROWS = 4 * ROWS_A_DAY;
const ROUNDS = 4;
const READERS = 2;

async function checkAnswersWhile(timescale: boolean): Promise<void> {
  const database = await createTestDatabase({ timescale });
  const bench = await openBench(database);
  await database.query(
    'create table ticks (time timestamptz not null, symbol text, id int, amount numeric)',
  );
  if (timescale) {
    await database.query(
      `select create_hypertable('ticks', 'time', chunk_time_interval => interval '1 day')`,
    );
  }
  await database.query(
    `insert into ticks select $1::timestamptz + n * interval '24 minutes', 's', n, 1.50
     from generate_series(0, ${String(ROWS - 1)}) n`,
    [daysAgo(40)],
  );
  const dataset = makeDataset('ticks');
  let isOver = false;
  const colds = new Set<number>();

  const read = async (): Promise<void> => {
    const client = await database.connect();
    onTestFinished(() => client.end());
    while (!isOver) {
      const { rows } = await askStores(
        bench,
        client,
        [dataset],
        `select count(*) as n, count(distinct id) as ids,
                (select count(*) from cold.ticks) as cold from ticks`,
      );
      const [{ n, ids, cold } = { n: 0, ids: 0, cold: 0 }] = rows as {
        n: number;
        ids: number;
        cold: number;
      }[];
      expect({ n, ids }).toEqual({ n: ROWS, ids: ROWS });
      colds.add(cold);
    }
  };
  const move = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await rotateAll(bench, dataset);
      const { totals } = await restore(bench, dataset, days(40, 36), { pinUntil: null });
      expect(totals.failed).toEqual([]);
      await unpinDataset(bench.rooms, 'ticks', null);
    }
  };
  const over = (): void => void (isOver = true);
  await Promise.all([
    move().finally(over),
    ...Array.from({ length: READERS }, () => read().finally(over)),
  ]);
  // Some answers came from both stores.
  expect([...colds].some((cold) => cold > 0 && cold < ROWS)).toBe(true);
}

describe('I2, I11: every answer has each row once', () => {
  test('while rows come back into a plain table', () => checkAnswersWhile(false), 300_000);
});

describeOn('timescale', 'I2, I11: every answer has each row once', () => {
  test('while rows come back into a hypertable', () => checkAnswersWhile(true), 300_000);
});
