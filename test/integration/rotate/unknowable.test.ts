/** What comes again and can't be known: the plan says so, how many rows and why. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { planRotationOf, type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';

let database: TestDatabase;
let bench: Bench;

beforeEach(async () => {
  database = await createTestDatabase();
  bench = await openBench(database);
});

const rotate = (dataset: Dataset): Promise<RotationOutcome> =>
  rotateDataset(bench.rooms, dataset, { force: true });

describe('a table without a key by which a row that comes again is known', () => {
  it.each([
    ['has no unique key', ''],
    [
      'bars_key has a condition',
      'create unique index bars_key on bars (venue, time) where close > 0',
    ],
    ['bars_key has an expression', 'create unique index bars_key on bars (lower(venue), time)'],
    [
      'bars_key is checked late',
      'alter table bars add constraint bars_key unique (venue, time) deferrable',
    ],
    ['bars_key has a float', 'create unique index bars_key on bars (ratio, time)'],
  ])('is told of when rows are due of time that the lake has: %s', async (why, key) => {
    await database.query(
      `create table bars (time timestamptz not null, venue text not null, close int, ratio float8 not null default 1);
       insert into bars values ('${daysAgo(35)}', 'X', 1); ${key}`,
    );
    const dataset = makeDataset('bars', { sortBy: ['time'] });
    const told = async (changes: Partial<Dataset> = {}) =>
      (await planRotationOf(bench.rooms, { ...dataset, ...changes })).notes.filter((note) =>
        note.includes('of time that the lake has already'),
      );
    expect(await told()).toEqual([]);
    await rotate(dataset);
    await database.query(
      `insert into bars values ('${daysAgo(35)}', 'X', 1), ('${daysAgo(34)}', 'X', 1)`,
    );
    expect(await told()).toEqual([expect.stringMatching(new RegExp(`^1 row in 1 slice .*${why}`))]);
    expect(await told({ onColdDuplicate: 'keep-both' })).toEqual([]);
  });
});

describe('a key that PostgreSQL compares more loosely than the lake', () => {
  it.each([
    ['numeric', '1.0', '1.00'],
    ['interval', '1 month', '30 days'],
    ['jsonb', '1.0', '1.00'],
    ['numeric[]', '{1.0}', '{1.00}'],
    ['text collate folding', 'abc', 'ABC'],
    ['spelled', '1.0', '1.00'],
    ['interval(3)', '1 month', '30 days'],
    ['interval day to second', '1 day', '24 hours'],
  ])('is told of when rows are due of time that the lake has: %s', async (type, one, other) => {
    await database.query(
      `create collation folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
       create domain spelled as numeric;
       create table bars (time timestamptz not null, venue ${type} not null, close int,
                          constraint bars_key unique (venue, time))`,
    );
    const insert = 'insert into bars values ($1, $2, $3)';
    await database.query(insert, [daysAgo(35), one, 1]);
    await database.query(`do $$ begin insert into bars values ('${daysAgo(35)}', '${other}', 1);
                          raise 'taken for another'; exception when unique_violation then null; end $$`);
    const dataset = makeDataset('bars', { sortBy: ['time'] });
    const told = async (changes: Partial<Dataset> = {}) =>
      (await planRotationOf(bench.rooms, { ...dataset, ...changes })).notes.filter((note) =>
        note.includes('bars_key has venue, where PostgreSQL calls values equal'),
      );
    expect(await told()).toEqual([]);
    await rotate(dataset);
    await database.query(insert, [daysAgo(35), one, 2]);
    expect(await told()).toEqual([]);
    await database.query('update bars set venue = $1', [other]);
    expect(await told()).toEqual([expect.stringMatching(/^1 row in 1 slice is of time/)]);
    expect(await told({ onColdDuplicate: 'keep-both' })).toEqual([]);
  });

  it('is told of where it is the index that folds texts', async () => {
    await database.query(
      `create collation folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
       create table bars (time timestamptz not null, venue text not null, close int);
       create unique index bars_key on bars (venue collate folding, time) include (close)`,
    );
    const dataset = makeDataset('bars', { sortBy: ['time'] });
    const insert = 'insert into bars values ($1, $2, $3)';
    await database.query(insert, [daysAgo(35), 'abc', 1]);
    await rotate(dataset);
    await database.query(insert, [daysAgo(35), 'ABC', 2]);
    const { notes } = await planRotationOf(bench.rooms, dataset);
    expect(notes).toContainEqual(
      expect.stringMatching(/^1 row in 1 slice is of time.*bars_key has venue, where PostgreSQL/u),
    );
  });

  it('is not told of where the elements of an array have one spelling', async () => {
    await database.query(
      'create table bars (time timestamptz not null, strikes numeric(10,2)[] not null, close int, unique (strikes, time))',
    );
    const insert = 'insert into bars values ($1, $2, $3)';
    const dataset = makeDataset('bars', { sortBy: ['time'] });
    await database.query(insert, [daysAgo(35), '{1.0}', 1]);
    await rotate(dataset);
    await database.query(insert, [daysAgo(35), '{1.00}', 2]);
    await database.query(insert, [daysAgo(35), '{3.00}', 2]);
    const { notes, again } = await planRotationOf(bench.rooms, dataset);
    expect(notes.filter((note) => note.includes('tells'))).toEqual([]);
    expect(again).toEqual({ rows: 1, slices: 1 });
  });

  it('is compared exactly where the lake holds it as a decimal', async () => {
    await database.query(
      'create table bars (time timestamptz not null, strike numeric not null, close int, unique (strike, time))',
    );
    const insert = 'insert into bars values ($1, $2, $3)';
    const dataset = makeDataset('bars', {
      sortBy: ['time'],
      columns: { strike: 'decimal(18,2)' },
    });
    await database.query(insert, [daysAgo(35), '1.0', 1]);
    await rotate(dataset);
    await database.query(insert, [daysAgo(35), '1.00', 2]);
    const { notes, again } = await planRotationOf(bench.rooms, dataset);
    expect(notes.filter((note) => note.includes('tells'))).toEqual([]);
    expect(again).toEqual({ rows: 1, slices: 1 });
    await rotate(dataset);
    const { provenRows } = await scrub(bench.rooms, {
      dataset: 'bars',
      sample: null,
      prove: 'independent',
      onProgress: () => undefined,
    });
    expect(provenRows).toBe(1);
  });
});

describe('a key that the lake’s rows were written without', () => {
  it.each([
    ['int', 'alter venue type text', 'venue was integer when they were written and is text now'],
    ['numeric(40,2)', 'alter venue type numeric(40,3)', 'venue was numeric\\(40,2\\) when they'],
    ['char(5)', 'alter venue type char(7)', 'venue was character\\(5\\) when they were written'],
    ['int', 'rename venue to place', 'place was venue when they were written'],
    ['int', 'drop venue, add venue int not null default 1', 'venue is younger than they are'],
  ])('is told of when rows are due of their time: %s, %s', async (type, change, why) => {
    await database.query(
      `create table bars (time timestamptz not null, venue ${type} not null, close int);
       create unique index bars_key on bars (venue, time)`,
    );
    const dataset = makeDataset('bars', { sortBy: ['time'] });
    await database.query('insert into bars values ($1, 1, 1)', [daysAgo(35)]);
    await rotate(dataset);
    for (const each of change.split(/, (?=add)/)) await database.query(`alter table bars ${each}`);
    if (change.startsWith('drop'))
      await database.query('create unique index bars_key on bars (venue, time)');
    await database.query(
      `insert into bars (time, ${change.includes('place') ? 'place' : 'venue'}, close) values ($1, 1, 2), ($2, 1, 2)`,
      [daysAgo(35), daysAgo(34)],
    );
    const { notes, again } = await planRotationOf(bench.rooms, dataset);
    expect(notes).toContainEqual(
      expect.stringMatching(
        new RegExp(`^1 row in 1 slice is of time .*of the key bars_key, ${why}`),
      ),
    );
    expect(again).toMatchObject({ rows: 0 });
  });

  it('is compared as before where the type says the same of a value', async () => {
    await database.query(
      'create table bars (time timestamptz not null, venue varchar(5) not null, close int, unique (venue, time))',
    );
    const dataset = makeDataset('bars', { sortBy: ['time'] });
    const insert = `insert into bars values ($1, 'X', $2)`;
    await database.query(insert, [daysAgo(35), 1]);
    await rotate(dataset);
    await database.query('alter table bars alter venue type varchar(9)');
    await database.query(insert, [daysAgo(35), 2]);
    const { notes, again } = await planRotationOf(bench.rooms, dataset);
    expect(notes.filter((note) => note.includes('tells'))).toEqual([]);
    expect(again).toEqual({ rows: 1, slices: 1 });
  });
});
