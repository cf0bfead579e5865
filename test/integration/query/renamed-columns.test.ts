/** I13: a query means by a name the column that has it now, in whatever segment, hot or cold. */

import type pg from 'pg';
import { beforeEach, expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let client: pg.Client;
let bench: Bench;
let dataset = makeDataset('bars', { sortBy: ['a', 'time'] });

beforeEach(async () => {
  database = await createTestDatabase();
  client = await database.connect();
  bench = await openBench(database);
  dataset = makeDataset('bars', { sortBy: ['a', 'time'] });
  await database.query('create table bars (time timestamptz not null, a text, b text)');
  await move(40, 'cold a', 'cold b');
});

/** A row into the lake. */
async function move(age: number, a: string, b: string): Promise<void> {
  await database.query('insert into bars values ($1, $2, $3)', [daysAgo(age), a, b]);
  await rotateDataset(bench.rooms, dataset, { force: true });
}

async function renameA(): Promise<void> {
  await database.query('alter table bars rename a to c');
  dataset = makeDataset('bars', { sortBy: ['c', 'time'] });
}

async function ask(sql: string, options: { readonly explain?: boolean } = {}): Promise<unknown> {
  const { rows, summary } = await askStores(bench, client, [dataset], sql, options);
  return options.explain === true ? summary.plan : rows;
}

it('that was renamed: before the ledger is told of it, and after', async () => {
  await database.query('alter table bars rename a to c');
  await database.query(`insert into bars values ($1, 'hot c', 'hot b')`, [daysAgo(1)]);
  const both = [
    { c: 'cold a', b: 'cold b' },
    { c: 'hot c', b: 'hot b' },
  ];
  expect(await ask('select c, b from bars order by time')).toEqual(both);
  expect(await ask('select c, b from cold.bars')).toEqual(both.slice(0, 1));
  await expect(ask('select a from bars')).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  dataset = makeDataset('bars', { sortBy: ['c', 'time'] });
  await move(39, 'cold c', 'cold b');
  expect(await ask('select c from bars order by time')).toEqual(
    ['cold a', 'cold c', 'hot c'].map((c) => ({ c })),
  );
});

it('that got the name of another one', async () => {
  await database.query('alter table bars rename a to c');
  await database.query('alter table bars rename b to a');
  await database.query('alter table bars rename c to b');
  expect(await ask('select a, b from bars')).toEqual([{ a: 'cold b', b: 'cold a' }]);
  expect(await ask(`select a from bars where b = 'cold a'`)).toEqual([{ a: 'cold b' }]);
  expect(await ask(`select a from bars where b = 'cold b'`)).toEqual([]);
});

it('that was added under a name which was dropped, of a type that does not hold the older one', async () => {
  await database.query('alter table bars drop a');
  await database.query('alter table bars add a bytea');
  expect(await ask('select a, b, a_2 from bars')).toEqual([
    { a: null, b: 'cold b', a_2: 'cold a' },
  ]);
  expect(await ask('select b from bars where a is null')).toEqual([{ b: 'cold b' }]);
  expect(await ask('select b from bars where a is not null')).toEqual([]);
});

it('that was dropped: by its last name', async () => {
  await renameA();
  await move(39, 'later', 'b');
  await database.query('alter table bars drop c');
  dataset = makeDataset('bars', { sortBy: ['time'] });
  expect(await ask('select c, b from bars order by time')).toEqual([
    { c: 'cold a', b: 'cold b' },
    { c: 'later', b: 'b' },
  ]);
});

it('whose table is gone: as the ledger knew it last', async () => {
  await renameA();
  await move(39, 'later', 'b');
  await database.query('drop table bars');
  expect(await ask('select c from bars order by time')).toEqual([{ c: 'cold a' }, { c: 'later' }]);
});

it('by which segments are left out: by their bounds, whatever they called it', async () => {
  await move(39, 'other', 'b');
  await database.query('alter table bars rename a to c');
  expect(await ask(`select b from bars where c = 'cold a'`)).toEqual([{ b: 'cold b' }]);
  expect(
    JSON.stringify(await ask(`select b from bars where c = 'cold a'`, { explain: true })),
  ).toContain('"prunedByColumns":1');
  expect(await ask(`select b from bars where c is null`)).toEqual([]);
});

it('of time: its segments are left out by their times', async () => {
  await database.query('alter table bars rename time to ts');
  dataset = makeDataset('bars', { timeColumn: 'ts', sortBy: ['a', 'ts'] });
  const before = daysAgo(40).slice(0, 10);
  expect(await ask(`select a from bars where ts >= '${before}'`)).toEqual([{ a: 'cold a' }]);
  expect(await ask(`select a from bars where ts < '${before}'`)).toEqual([]);
});

it('of time, which another column has taken the place of', async () => {
  await database.query(`alter table bars add d timestamptz; update bars set d = time;
    alter table bars drop time; alter table bars rename d to time;
    insert into bars values ('later', 'b', '${daysAgo(39)}')`);
  await rotateDataset(bench.rooms, dataset, { force: true });
  const all = ['cold a', 'later'].map((a) => ({ a }));
  expect(await ask('select a from bars where time is not null order by time')).toEqual(all);
  expect(await ask(`select a from bars where time < '${daysAgo(39)}'`)).toEqual(all.slice(0, 1));
});

it('of time, which two columns have exchanged: is refused', async () => {
  await database.query('alter table bars add d timestamptz');
  await database.query('alter table bars rename time to t');
  await database.query('alter table bars rename d to time');
  await database.query(`update bars set time = t`);
  await expect(ask('select a from bars')).rejects.toMatchObject({ code: 'TIME_COLUMN_CHANGED' });
});
