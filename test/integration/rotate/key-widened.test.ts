/** Rows that come again after a column of their key was given another width: one key is still one row. */
import { beforeEach, describe, expect, it } from 'vitest';
import { planRotationOf, rotateDataset } from '../../../src/jobs/rotate.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { askStores } from '../../support/ask-stores.ts';
import { correct, fileOf } from '../../support/correct.ts';
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
  const sql = 'select venue::varchar as venue, close from bars order by close, venue';
  return (await askStores(bench, db, [bars], sql)).rows;
}

describe('a key of which a column has another width than when the lake’s rows were written', () => {
  it.each([
    ['int', 'bigint', ['1', '2', '2147483647'], (v: string) => v],
    ['smallint', 'int', ['1', '2', '32767'], (v: string) => v],
    // The lake keeps a value that the column has no room for any more.
    ['bigint', 'int', ['1', '2', '5000000000'], (v: string) => v],
    ['numeric(10,2)', 'numeric(12,4)', ['1.50', '2.00', '3.25'], (v: string) => `${v}00`],
    ['numeric(12,2)', 'numeric(8,2)', ['1.50', '2.00', '1234567890.25'], (v: string) => v],
  ])('knows the rows that come again: %s, then %s', async (was, is, venues, now) => {
    const [one = '', two = '', three = ''] = venues;
    await database.query(
      `create table bars (time timestamptz not null, venue ${was} not null, close int, primary key (venue, time))`,
    );
    const insert = 'insert into bars values ($1, $2, $3)';
    await database.query(insert, [daysAgo(35), one, 1]);
    await database.query(insert, [daysAgo(35), two, 2]);
    await database.query(insert, [daysAgo(35), three, 3]);
    await rotateDataset(bench.rooms, bars, { force: true });
    await database.query(`alter table bars alter venue type ${is}`);
    await database.query(insert, [daysAgo(35), one, 4]);
    await database.query(insert, [daysAgo(35), two, 2]);

    const { again, notes } = await planRotationOf(bench.rooms, bars);
    expect(again).toEqual({ rows: 2, slices: 1 });
    expect(notes.filter((note) => note.includes('tells for certain'))).toEqual([]);
    const rows = [
      { venue: now(two), close: 2 },
      { venue: now(three), close: 3 },
      { venue: now(one), close: 4 },
    ];
    expect(await ask()).toEqual(rows);
    const { totals } = await rotateDataset(bench.rooms, bars, { force: true });
    expect(totals.failed).toEqual([]);
    expect(await ask()).toEqual(rows);
    const proven = await scrub(bench.rooms, {
      dataset: 'bars',
      sample: null,
      prove: 'independent',
      onProgress: () => undefined,
    });
    expect(proven).toMatchObject({ unproven: [], provenRows: 3 });
  });

  it('is corrected in slices of either width, and a key of neither is known as unknown', async () => {
    await database.query(
      'create table bars (time timestamptz not null, venue int not null, close int, primary key (venue, time))',
    );
    const insert = 'insert into bars values ($1, $2, $3)';
    await database.query(insert, [daysAgo(35), 1, 1]);
    await rotateDataset(bench.rooms, bars, { force: true });
    await database.query('alter table bars alter venue type bigint');
    await database.query(insert, [daysAgo(35), '5000000000', 2]);
    await rotateDataset(bench.rooms, bars, { force: true });
    const lines = (venues: readonly string[]): string =>
      ['time,venue,close', ...venues.map((venue) => `${daysAgo(35)},${venue},7`)].join('\n');
    const known = await fileOf(bench, 'known.csv', `${lines(['1', '5000000000'])}\n`);
    const strange = await fileOf(bench, 'strange.csv', `${lines(['1', '6000000000'])}\n`);
    await expect(correct(bench, bars, strange)).rejects.toMatchObject({
      message: expect.stringContaining('6000000000') as unknown,
    });
    await correct(bench, bars, known, { force: true });
    expect(await ask()).toEqual([
      { venue: '1', close: 7 },
      { venue: '5000000000', close: 7 },
    ]);
  });
});
