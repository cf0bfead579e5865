/** Restores into partitioned tables and hypertables. */
import { describe, expect, it } from 'vitest';
import { listSegments } from '../../../src/ledger/segments.ts';
import { differingRows } from '../../support/codec/read-back.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { days, failureOf, restore, rotateAll, WEEK_ON } from '../../support/restore.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';

const COLUMNS = 'time timestamptz not null, symbol text, id bigint not null, note interval';

/** 20 rows on each of these days. */
async function fill(database: TestDatabase, ...daysBack: readonly number[]): Promise<void> {
  for (const day of daysBack) {
    await database.query(
      `insert into bars select $1::timestamptz + n * interval '1 hour', 's' || n % 3, $2 * 1000 + n, n * interval '1 day'
       from generate_series(0, 19) n`,
      [daysAgo(day), day],
    );
  }
}

async function liveSlices(database: TestDatabase): Promise<number> {
  const db = await database.connect();
  return (await listSegments(db, { dataset: 'bars', states: ['live'] })).length;
}

async function count(database: TestDatabase, from = 'bars'): Promise<number> {
  const { rows } = await database.query(`select count(*)::int as n from ${from}`);
  return (rows[0] as { n: number }).n;
}

/** Moves what has aged, brings it all back, and moves it again when the pins have ended. */
async function thereAndBackAgain(database: TestDatabase, bench: Bench): Promise<void> {
  const dataset = makeDataset('bars');
  const fingerprints = async (): Promise<unknown> =>
    (
      await database.query(
        `select s.range_from, s.fingerprint from tierd.slices s
         where exists (select from tierd.segments g where g.slice_id = s.id and g.state = 'live') order by 1`,
      )
    ).rows;
  const before = await fingerprints();
  const { totals } = await restore(bench, dataset, days(40, 36));
  expect(totals.failed).toEqual([]);
  expect(totals.restored).toHaveLength(4);
  const db = await database.connect();
  expect(await differingRows(db, 'bars_before', 'bars')).toEqual([]);

  await rotateAll(bench, dataset);
  expect(await count(database)).toBe(100);
  const later = { rooms: { ...bench.rooms, clock: { now: () => WEEK_ON + 1 } } };
  await rotateAll(later, dataset);
  expect(await count(database)).toBe(20);
  expect(await fingerprints()).toEqual(before);
}

describe('restore into a partitioned table', () => {
  async function makePartitioned(database: TestDatabase, more = ''): Promise<void> {
    await database.query(
      `create table bars (${COLUMNS}) partition by range (time);
       create table bars_a partition of bars for values from ('${daysAgo(40)}') to ('${daysAgo(38)}');
       create table bars_b partition of bars for values from ('${daysAgo(38)}') to ('${daysAgo(36)}');
       create table bars_new partition of bars for values from ('${daysAgo(36)}') to ('${daysAgo(-9)}');
       ${more}`,
    );
    await fill(database, 40, 39, 38, 37, 5);
    await database.query('create table bars_before as table bars');
  }

  it('into the default partition, where the dropped ones are no more', async () => {
    const database = await createTestDatabase();
    const bench = await openBench(database);
    await makePartitioned(database, 'create table bars_rest partition of bars default');
    await rotateAll(bench, makeDataset('bars'));
    await thereAndBackAgain(database, bench);
  });

  it('not into an unlogged partition, which a crash would empty, unless that is meant', async () => {
    const database = await createTestDatabase();
    const bench = await openBench(database);
    await makePartitioned(database, 'create unlogged table bars_rest partition of bars default');
    const dataset = makeDataset('bars');
    await rotateAll(bench, dataset);
    const refused = await failureOf(restore(bench, dataset, days(40, 39)));
    expect(refused).toMatchObject({ code: 'REFUSED' });
    expect(refused.message).toContain('public.bars_rest is unlogged');
    expect(refused.hint).toContain('set logged');
    expect(await count(database)).toBe(20);
    const into = { schema: 'public', name: 'copied' };
    await restore(bench, dataset, days(40, 39), { into });
    await restore(bench, dataset, days(40, 39), { force: true });
    expect(await count(database)).toBe(40);
  });

  it('a pinned slice keeps its whole partition hot', async () => {
    const database = await createTestDatabase();
    const bench = await openBench(database);
    await makePartitioned(database, 'create table bars_rest partition of bars default');
    const dataset = makeDataset('bars');
    await rotateAll(bench, dataset);
    await database.query(
      `create table bars_again partition of bars for values from ('${daysAgo(40)}') to ('${daysAgo(38)}')`,
    );
    await restore(bench, dataset, days(40, 39));
    // A late row for the day beside it, in the same partition.
    await database.query(`insert into bars values ('${daysAgo(39)}', 'late', 1, null)`);
    await rotateAll(bench, dataset);
    expect(await count(database, 'bars_again')).toBe(21);
    expect(await liveSlices(database)).toBe(3);
  });
});

describeOn('timescale', 'restore into a hypertable', () => {
  it('makes the chunks again, rotate → restore → rotate', async () => {
    const database = await createTestDatabase({ timescale: true });
    const bench = await openBench(database);
    await database.query(
      `create table bars (${COLUMNS});
       select create_hypertable('bars', 'time', chunk_time_interval => interval '2 days')`,
    );
    await fill(database, 40, 39, 38, 37, 5);
    await database.query('create table bars_before as table bars');
    await rotateAll(bench, makeDataset('bars'));
    expect(await count(database)).toBe(20);
    await thereAndBackAgain(database, bench);
  });

  it('goes straight into the chunks where every column is native', async () => {
    const database = await createTestDatabase({ timescale: true });
    const bench = await openBench(database);
    await database.query(
      `create table bars (time timestamptz not null, symbol text, price numeric(20,8), unique (symbol, time));
       select create_hypertable('bars', 'time', chunk_time_interval => interval '1 day');
       insert into bars select '${daysAgo(40)}'::timestamptz + n * interval '1 hour', 's' || n % 3, n / 7.0 from generate_series(0, 99) n;
       create table bars_before as table bars`,
    );
    const dataset = makeDataset('bars');
    await rotateAll(bench, dataset);
    expect(await count(database)).toBe(0);
    const { totals } = await restore(bench, dataset, days(40, 35));
    expect(totals.failed).toEqual([]);
    expect(await differingRows(await database.connect(), 'bars_before', 'bars')).toEqual([]);
  });
});
