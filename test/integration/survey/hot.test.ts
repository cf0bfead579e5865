import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import type { DatasetSurvey, Survey } from '../../../src/domain/survey/survey.ts';
import { DAY_MS, HOUR_MS } from '../../../src/domain/time/time-range.ts';
import { connect, disconnect } from '../../../src/hot/server/connect.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { acquireLease } from '../../../src/ledger/lease.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { backendOf, untilBlocked } from '../../support/hot.ts';
import { daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { openSurvey, type SurveyScene } from '../../support/surveying.ts';

const only = ({ datasets }: Survey): DatasetSurvey => {
  const [dataset, ...more] = datasets;
  if (dataset === undefined || more.length > 0) throw new Error('not one dataset');
  return dataset;
};

/** 40 days of 24 rows, the newest yesterday. */
const fill = (table: string): string =>
  `insert into ${table} select $1::timestamptz + n * interval '1 hour', 'a', n from generate_series(0, 959) n`;

const COLUMNS = 'time timestamptz not null, symbol text, id int';

const midnight = (days: number): number => Date.parse(daysAgo(days));

describe('a survey of the hot store', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });

  async function survey(dataset: Dataset): Promise<DatasetSurvey> {
    return only(await openSurvey(database, { datasets: [dataset] }).take());
  }

  it('counts a small plain table and what of it is due, also before there is a ledger', async () => {
    await database.query(`create table plain (${COLUMNS})`);
    await database.query(fill('plain'), [daysAgo(40)]);
    expect(await survey(makeDataset('plain'))).toMatchObject({
      table: 'public.plain',
      kind: 'plain',
      error: null,
      hot: {
        rows: 960,
        rowsAreEstimated: false,
        oldest: midnight(40),
        newest: midnight(0) - HOUR_MS,
      },
      cold: { segments: 0, rows: 0 },
      ratio: null,
      due: { rows: 240, moves: 10 },
      refusals: [],
      lastRun: null,
    });
  });

  it('sees the partitions of a partitioned table as one', async () => {
    await database.query(`create table parts (${COLUMNS}) partition by range (time)`);
    for (const days of [40, 20]) {
      await database.query(
        `create table parts_${String(days)} partition of parts for values from ('${daysAgo(days)}') to ('${daysAgo(days - 20)}')`,
      );
    }
    await database.query('create index on parts (time)');
    await database.query(fill('parts'), [daysAgo(40)]);
    const { hot, kind, due } = await survey(makeDataset('parts'));
    expect(kind).toBe('partitioned');
    expect(hot).toMatchObject({ rows: 960, oldest: midnight(40) });
    expect(hot.bytes).toBeGreaterThan(960 * 40);
    // The partition reaches past the cutoff: it waits whole.
    expect(due).toEqual({ rows: 0, moves: 0 });
  });

  it('estimates a large table, and reads its ends from the index alone', async () => {
    await database.query(`create table large (${COLUMNS})`);
    await database.query(
      `insert into large select $1::timestamptz + n * interval '1 second', 'a', n from generate_series(0, 99999) n`,
      [daysAgo(3)],
    );
    await database.query('analyze large');
    const withoutIndex = await survey(makeDataset('large'));
    expect(withoutIndex.hot).toMatchObject({ rowsAreEstimated: true, oldest: null, newest: null });
    await database.query('create index on large (time)');
    const { hot } = await survey(makeDataset('large'));
    expect(hot).toMatchObject({ rowsAreEstimated: true, oldest: midnight(3) });
    expect(hot.rows).toBeGreaterThan(90_000);
    expect(hot.rows).toBeLessThan(110_000);
  });

  it('tells a table that is not there, beside the others', async () => {
    const scene = openSurvey(database, {
      datasets: [makeDataset('nothing'), makeDataset('plain')],
    });
    const { error, hot, datasets } = await scene.take();
    expect(hot.reachable).toBe(true);
    expect(datasets).toMatchObject([
      { dataset: 'nothing', error: expect.stringContaining('no table public.nothing'), due: null },
      { dataset: 'plain', error: null, hot: { rows: 960 } },
    ]);
    expect(error).toBe(datasets[0]?.error);
  });

  it('knows the server', async () => {
    const { hot } = await openSurvey(database, { datasets: [] }).take();
    expect(hot).toMatchObject({ reachable: true, inRecovery: false, timescale: null });
    expect(hot.version).toMatch(/^\d+/);
    expect(hot.databaseBytes).toBeGreaterThan(1_000_000);
    expect(hot.connections).toBeGreaterThan(0);
    expect(hot.maxConnections).toBeGreaterThan(hot.connections ?? 0);
  });

  it('sees for how long the oldest transaction has been open', async () => {
    const open = await database.connect();
    await open.query('begin');
    await open.query('select 1');
    const { hot } = await openSurvey(database, { datasets: [] }).take();
    expect(hot.oldestTransactionSeconds).toBeGreaterThan(0);
    await open.query('rollback');
  });
});

it('a survey counts who waits for a lock, and knows what slots keep and how old the server is', async () => {
  const database = await createTestDatabase();
  const [holder, waiter] = [await database.connect(), await database.connect()];
  await holder.query('create table locked (id int)');
  await holder.query('begin; lock table locked');
  const pid = await backendOf(waiter);
  const waiting = waiter.query('select from locked');
  try {
    await untilBlocked(database, pid);
    const { hot } = await openSurvey(database, { datasets: [] }).take();
    expect(hot.lockWaiters).toBeGreaterThan(0);
    expect(hot.slotWalBytes).toBeGreaterThanOrEqual(0);
    expect(hot.frozenAge).toBeGreaterThan(0);
  } finally {
    await holder.query('rollback');
    await waiting;
  }
});

describeOn('timescale', 'a survey of a hypertable', () => {
  it('sees its chunks as one table, and what of them is due', async () => {
    const database = await createTestDatabase({ timescale: true });
    await database.query(`create table hyper (${COLUMNS})`);
    await database.query(
      `select create_hypertable('hyper', 'time', chunk_time_interval => interval '1 day')`,
    );
    await database.query(fill('hyper'), [daysAgo(40)]);
    const { hot, datasets } = await openSurvey(database, {
      datasets: [makeDataset('hyper')],
    }).take();
    expect(hot.timescale).toMatch(/^\d/);
    expect(datasets).toMatchObject([
      {
        kind: 'hypertable',
        error: null,
        hot: { rows: 960, oldest: midnight(40), newest: midnight(0) - HOUR_MS },
        due: { rows: 240 },
      },
    ]);
  });
});

describe('a survey after a rotation', () => {
  it('has what went to the lake and how it ended, and measures anew what is due', async () => {
    const database = await createTestDatabase();
    await database.query(`create table ticks (${COLUMNS})`);
    await database.query(fill('ticks'), [daysAgo(40)]);
    const bench = await openBench(database);
    const scene = openSurvey(database, { datasets: [makeDataset('ticks')] });
    expect(only(await scene.take()).due).toEqual({ rows: 240, moves: 10 });
    await rotateDataset(bench.rooms, makeDataset('ticks'), { force: true });
    scene.later(60_000);
    const after = await scene.take();
    const dataset = only(after);
    expect(dataset).toMatchObject({
      hot: { rows: 720 },
      cold: {
        segments: 10,
        rows: 240,
        oldest: midnight(40),
        newest: midnight(30) - HOUR_MS,
        badSegments: 0,
      },
      due: { rows: 0, moves: 0 },
      lastRun: { job: 'rotate', state: 'done', rowsMoved: 240 },
    });
    expect(dataset.ratio).toBeNull();
    expect(after.cold).toMatchObject({ segments: 10, rows: 240, bytes: dataset.cold.bytes });
  });
});

describe('a survey costs little', () => {
  let database: TestDatabase;
  let scene: SurveyScene;
  beforeAll(async () => {
    database = await createTestDatabase();
    const client = await database.connect();
    await migrate(client);
    await database.query(`create table ticks (${COLUMNS})`);
    await database.query(fill('ticks'), [daysAgo(40)]);
    scene = openSurvey(database, { datasets: [makeDataset('ticks')] });
  });

  it('counts what is due once an hour, and not while a rotation works on the dataset', async () => {
    const first = only(await scene.take());
    expect(first.due).toEqual({ rows: 240, moves: 10 });
    await database.query('delete from ticks where time < $1', [daysAgo(39)]);
    scene.later(30 * 60_000);
    const soon = only(await scene.take());
    expect(soon).toMatchObject({ hot: { rows: 936 }, due: { rows: 240 }, dueAsOf: first.dueAsOf });
    const other = await database.connect();
    await acquireLease(other, { dataset: 'ticks', holder: 'x', ttlMs: 60_000 });
    scene.later(DAY_MS);
    expect(only(await scene.take())).toMatchObject({ dueAsOf: first.dueAsOf });
    await database.query('update tierd.leases set expires_at = clock_timestamp()');
    scene.later(60_000);
    expect(only(await scene.take()).dueAsOf).toBeGreaterThan((first.dueAsOf ?? 0) + DAY_MS);
  });

  it('waits for nobody’s lock: the figures are those of before', async () => {
    const before = only(await scene.take());
    const other = await database.connect();
    await other.query('begin; lock table ticks in access exclusive mode');
    scene.later(60_000);
    const began = performance.now();
    const during = await scene.take();
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(only(during)).toMatchObject({ hot: before.hot, asOf: before.asOf, error: null });
    expect(during.hot.reachable).toBe(true);
    await other.query('rollback');
    scene.later(1_000);
    expect(only(await scene.take()).asOf).toBeGreaterThan(before.asOf ?? 0);
  });

  it('says that a database which lets nobody in can’t be used, beside what was seen before', async () => {
    const before = await scene.take();
    const elsewhere = new URL(database.url);
    elsewhere.pathname = '/postgres';
    const admin = await connect({ url: elsewhere.href, job: 'test' });
    onTestFinished(() => disconnect(admin));
    const allow = (mode: boolean) =>
      admin.query(`alter database ${database.name} allow_connections ${String(mode)}`);
    await allow(false);
    scene.later(60_000);
    const during = await scene.take().finally(() => allow(true));
    expect(during.hot).toMatchObject({
      reachable: false,
      error: expect.stringMatching(/not currently accepting connections/) as string,
    });
    expect(only(during).hot).toEqual(only(before).hot);
    scene.later(60_000);
    expect((await scene.take()).hot).toMatchObject({ reachable: true, error: null });
  });

  it('leaves no connection behind', async () => {
    await scene.take();
    const { rows } = await database.query(
      `select count(*)::int as count from pg_stat_activity where application_name = 'tierd/survey' and datname = current_database()`,
    );
    expect(rows).toEqual([{ count: 0 }]);
  });
});
