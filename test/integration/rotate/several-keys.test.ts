/** Rows that come again into a table with several unique keys: by which of them they are known, and what is said. */
import { beforeEach, describe, expect, it } from 'vitest';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
});

const bars = makeDataset('bars', { sortBy: ['time'] });

async function ask(): Promise<unknown> {
  const db = await database.connect();
  const sql = 'select venue, close from bars order by venue, close';
  return (await askStores(bench, db, [bars], sql)).rows;
}

const notes = async (): Promise<readonly string[]> =>
  (await planRotationOf(bench.rooms, bars)).notes.filter((note) => note.includes('for certain'));

describe('a key that the application makes up, beside one of what the row says', () => {
  it.each([
    ['a uuid', 'id uuid primary key', 'gen_random_uuid()'],
    ['a number', 'id bigint primary key', '(random() * 1e15)::bigint'],
    ['a uuid and the time', 'id uuid, primary key (id, time)', 'gen_random_uuid()'],
  ])('gives way to it: %s', async (_, key, value) => {
    await database.query(
      `create table bars (time timestamptz not null, venue text not null, close int, ${key}, unique (venue, time))`,
    );
    const insert = `insert into bars (id, time, venue, close) values (${value}, $1, $2, $3)`;
    await database.query(insert, [daysAgo(35), 'X', 1]);
    await database.query(insert, [daysAgo(35), 'Y', 1]);
    await rotateDataset(bench.rooms, bars, { force: true });
    await database.query(insert, [daysAgo(35), 'X', 2]);
    const wanted = [
      { venue: 'X', close: 2 },
      { venue: 'Y', close: 1 },
    ];
    expect(await notes()).toEqual([]);
    expect(await ask()).toEqual(wanted);
    await rotateDataset(bench.rooms, bars, { force: true });
    expect(await ask()).toEqual(wanted);
  });
});

it('a second key by which a row may be known, and is not, is told of', async () => {
  await database.query(
    `create table bars (time timestamptz not null, venue text not null, close int, ref bigint not null,
                        primary key (ref, time), constraint bars_by_venue unique (venue, time))`,
  );
  const insert = 'insert into bars (ref, time, venue, close) values ($1, $2, $3, $4)';
  await database.query(insert, [1, daysAgo(35), 'X', 1]);
  await rotateDataset(bench.rooms, bars, { force: true });
  expect(await notes()).toEqual([]);
  await database.query(insert, [1, daysAgo(35), 'X', 2]);
  expect(await notes()).toEqual([]);
  await database.query(insert, [2, daysAgo(35), 'Y', 2]);
  expect(await notes()).toEqual([
    expect.stringMatching(
      /^1 row in 1 slice is of time .* known by bars_pkey alone, and bars_by_venue/u,
    ),
  ]);
});
