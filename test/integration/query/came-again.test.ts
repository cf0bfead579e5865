/** Rows that came again after they moved, asked for before the next rotation settles them. */
import type pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

const FORCE = { force: true };
const DAY = `'${daysAgo(35)}'`;

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  db = await database.connect();
  bench = await openBench(database);
});

type Row = Record<string, unknown>;

async function ask(dataset: Dataset, sql: string, maxHotRows = 1_000): Promise<readonly Row[]> {
  return (await askStores(bench, db, [dataset], sql, { maxHotRows })).rows;
}

/** Three symbols of one moved day, one of which came again with another value, and a hot row. */
async function bringAgain(dataset: Dataset, key = ', primary key (symbol, time)'): Promise<void> {
  await database.query(
    `create table bars (time timestamptz not null, symbol text not null, lot int, close int${key})`,
  );
  await database.query(
    `insert into bars values (${DAY}, 'A', 1, 10), (${DAY}, 'B', 1, 20), (${DAY}, 'C', 1, 30)`,
  );
  await rotateDataset(bench.rooms, dataset, FORCE);
  await database.query(
    `insert into bars values (${DAY}, 'B', 2, 21), (${DAY}, 'D', 2, 40), ('${daysAgo(2)}', 'A', 3, 11)`,
  );
}

const QUESTIONS = [
  'select symbol, close from bars order by time, symbol',
  'select count(*) as n, sum(close) as s from bars',
  'select symbol, close from bars where close < 21 order by symbol, close',
  'select symbol, close from bars where lot = 1 order by symbol',
  "select close from bars where symbol = 'B'",
  "select close from bars where symbol = 'B' and lot = 1",
  `select symbol from bars where time = ${DAY} and lot > 1 order by symbol`,
  `select count(*) as n from bars where time > ${DAY}`,
  'select a.symbol, b.close from bars a join bars b using (symbol, time) order by a.time, a.symbol',
];

describe('a row that came again and waits in PostgreSQL', () => {
  it('is seen once, as the newer, whatever is asked; each side alone is what it is', async () => {
    const dataset = makeDataset('bars');
    await bringAgain(dataset);
    const before = await answers(dataset);
    expect(before[0]).toEqual([
      { symbol: 'A', close: 10 },
      { symbol: 'B', close: 21 },
      { symbol: 'C', close: 30 },
      { symbol: 'D', close: 40 },
      { symbol: 'A', close: 11 },
    ]);
    expect(await ask(dataset, 'select sum(close) as s from cold.bars')).toEqual([{ s: 60 }]);
    expect(await ask(dataset, 'select count(*) as n from hot.bars')).toEqual([{ n: 3 }]);

    await rotateDataset(bench.rooms, dataset, FORCE);
    expect(await answers(dataset)).toEqual(before);
    expect(await ask(dataset, 'select sum(close) as s from cold.bars')).toEqual([{ s: 101 }]);
    // Two dozen queries, each in an engine of its own.
  }, 180_000);

  async function answers(dataset: Dataset): Promise<readonly (readonly Row[])[]> {
    const all: (readonly Row[])[] = [];
    for (const sql of QUESTIONS) all.push(await ask(dataset, sql));
    return all;
  }

  it.each(['refuse', 'keep-both'] as const)(
    'is beside the older one where the dataset says %s, for nothing says which counts',
    async (onColdDuplicate) => {
      const dataset = makeDataset('bars', { onColdDuplicate });
      await bringAgain(dataset);
      const rows = await ask(dataset, "select close from bars where symbol = 'B' order by close");
      expect(rows).toEqual([{ close: 20 }, { close: 21 }]);
    },
  );

  it('is beside the older one where the table has no unique key', async () => {
    const dataset = makeDataset('bars');
    await bringAgain(dataset, '');
    expect(await ask(dataset, 'select count(*) as n from bars')).toEqual([{ n: 6 }]);
  });

  it('costs nothing where the hot rows are of other times than the segments', async () => {
    const dataset = makeDataset('bars');
    await bringAgain(dataset);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await database.query(
      `insert into bars select $1::timestamptz + n * interval '1 s', 'A', n, n from generate_series(1, 500) n`,
      [daysAgo(1)],
    );
    // Every hot row's key would be more than may be read.
    expect(await ask(dataset, 'select symbol, close from bars where lot = 1', 10)).toHaveLength(3);
  });

  it('is known in a portable dataset, where its key is held as text', async () => {
    const dataset = makeDataset('bars', { portable: true, sortBy: ['time'] });
    await database.query(
      'create table bars (time timestamptz, id uuid, opened time, close int, primary key (id, time))',
    );
    const id = '11111111-1111-4111-8111-111111111111';
    await database.query(`insert into bars values (${DAY}, '${id}', '10:00', 1)`);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await database.query(`insert into bars values (${DAY}, '${id}', '11:00', 2)`);
    expect(await ask(dataset, 'select id, opened, close from bars')).toEqual([
      { id, opened: expect.stringContaining('11:00'), close: 2 },
    ]);
  });

  it('replaces none by a name that another column of the key had (I13)', async () => {
    const dataset = makeDataset('bars', { sortBy: ['time'] });
    await database.query(
      'create table bars (time timestamptz, venue text, code text, unique (code, time))',
    );
    await database.query(
      'alter table bars alter code set not null, alter time set not null, alter venue set not null',
    );
    await database.query(`insert into bars values (${DAY}, 'V', 'K')`);
    await rotateDataset(bench.rooms, dataset, FORCE);
    await database.query('alter table bars drop constraint bars_code_time_key');
    await database.query('alter table bars rename code to was_code');
    await database.query('alter table bars rename venue to code');
    await database.query('alter table bars add unique (code, time)');
    await database.query(`insert into bars values (${DAY}, 'K', 'other')`);
    expect(await ask(dataset, 'select count(*) as n from bars')).toEqual([{ n: 2 }]);
    await rotateDataset(bench.rooms, dataset, FORCE);
    expect(await ask(dataset, 'select count(*) as n from bars')).toEqual([{ n: 2 }]);
  });
});
