/** Changes of rows that a continuous aggregate has not taken up when the rows are about to leave. */
import type pg from 'pg';
import { beforeEach, expect, it } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import type { RotationPlan } from '../../src/domain/plan/plan.ts';
import type { Refusal } from '../../src/domain/plan/refusal.ts';
import { checkDataset } from '../../src/hot/doctor/doctor-dataset.ts';
import { planRotationOf, type RotationOutcome, rotateDataset } from '../../src/jobs/rotate.ts';
import { readStatus } from '../../src/jobs/status.ts';
import { listColdRanges } from '../../src/ledger/live-segments.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { reading } from '../support/hot.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

const MANY = 'Many "Bars"';
const dataset = (changes: Partial<Dataset> = {}): Dataset =>
  makeDataset('bars', { sortBy: ['time'], ...changes });

/** 40 days with a row an hour, of which 10 days have aged, and an aggregate that has all of them. */
async function makeBars(bucket: string, chunk = '1 day'): Promise<void> {
  await database.query(
    `create table bars (time timestamptz not null, symbol text, price float8, id int)`,
  );
  await database.query(
    `select create_hypertable('bars', 'time', chunk_time_interval => interval '${chunk}')`,
  );
  await database.query(
    `insert into bars select $1::timestamptz + n * interval '1 hour', 's' || n % 5, n / 7.0, n
     from generate_series(0, 959) n`,
    [daysAgo(40)],
  );
  await makeAggregate(bucket);
}

async function makeAggregate(bucket: string): Promise<void> {
  await db.query(
    `create materialized view "${MANY.replaceAll('"', '""')}" with (timescaledb.continuous) as
     select ${bucket} as bucket, symbol, count(*) as rows, avg(price) as average from bars group by 1, 2 with no data`,
  );
  await refresh(null, null);
}

async function refresh(from: string | null, to: string | null): Promise<void> {
  const literal = (at: string | null): string => (at === null ? 'null' : `'${at}'`);
  await db.query(
    `call refresh_continuous_aggregate('"Many ""Bars"""', ${literal(from)}, ${literal(to)})`,
  );
}

async function aggregated(): Promise<number> {
  const found = await db.query<{ rows: string }>(
    `select coalesce(sum(rows), 0)::text as rows from "Many ""Bars"""`,
  );
  return Number(found.rows[0]?.rows);
}

const plan = (changes: Partial<Dataset> = {}): Promise<RotationPlan> =>
  planRotationOf(bench.rooms, dataset(changes));

const rotate = (changes: Partial<Dataset> = {}, force = false): Promise<RotationOutcome> =>
  rotateDataset(bench.rooms, dataset(changes), { force });

interface Obstacle extends Refusal {
  readonly day: string;
}

async function obstacles(changes: Partial<Dataset> = {}): Promise<readonly Obstacle[]> {
  const { moves } = await plan(changes);
  return moves.flatMap((move) =>
    move.obstacles.map((refusal) => ({
      ...refusal,
      day: new Date(move.range.fromInclusive).toISOString(),
    })),
  );
}

/** The statements of a hint, run as they stand in it. */
async function obey(hint: string | undefined): Promise<void> {
  for (const call of (hint ?? '').split('; ').filter((part) => part.startsWith('call'))) {
    await db.query(call);
  }
}

async function doctor(): Promise<string[]> {
  const clock = { now: () => NOW };
  const checks = await reading(db, () =>
    checkDataset(db, dataset(), clock, () => listColdRanges(db, 'bars')),
  );
  return checks.filter(({ status }) => status !== 'ok').map(({ found }) => found);
}

describeOn('community', 'rotate, when a continuous aggregate lacks changes of its rows', () => {
  beforeEach(async () => {
    database = await createTestDatabase({ timescale: true });
    db = await database.connect();
    bench = await openBench(database);
  });

  it.each([
    ['came late', `insert into bars values ('${daysAgo(37)}', 's0', 1, 5000)`, 961],
    ['were changed', `update bars set price = 1e6 where time = '${daysAgo(37)}'`, 960],
    ['were deleted', `delete from bars where time = '${daysAgo(37)}'`, 959],
  ])(
    'leaves the day alone whose rows %s, moves the others, and tells everywhere',
    async (_, change, rows) => {
      await makeBars(`time_bucket('1 day', time)`);
      await database.query(change);
      const [found, ...others] = await obstacles();
      expect(others).toEqual([]);
      expect(found).toMatchObject({
        day: daysAgo(37),
        guard: 'continuous_aggregate',
        forceable: true,
        message: `continuous aggregate public.${MANY} has not taken up changes in 2026-02-22, and would stay without them for ever`,
        hint: `call refresh_continuous_aggregate('"public"."Many ""Bars"""', '${daysAgo(37)}', '${daysAgo(36)}'); then run again, or --force if it is to stay as it is`,
      });
      expect(await doctor()).toEqual([found?.message]);
      const { datasets } = await readStatus(bench.rooms, [dataset()], null);
      expect(JSON.stringify(datasets)).toContain(JSON.stringify(found?.message).slice(1, -1));
      const outcome = await rotate();
      expect(outcome.totals.moved).toHaveLength(9);
      await obey(found?.hint);
      expect(await obstacles()).toEqual([]);
      expect((await rotate()).totals.moved).toHaveLength(1);
      expect(await aggregated()).toBe(rows);
      expect((await db.query('select from bars')).rowCount).toBe(720);
    },
  );

  it('finds the change also when a refresh of other days has moved it from one log to the other', async () => {
    await makeBars(`time_bucket('1 day', time)`);
    await database.query(`insert into bars values ('${daysAgo(37)}', 's0', 1, 5000)`);
    await refresh(daysAgo(5), null);
    expect((await obstacles()).map(({ day }) => day)).toEqual([daysAgo(37)]);
  });

  it('names only the days that differ when one transaction touched the first and the last', async () => {
    await makeBars(`time_bucket('1 day', time)`);
    await database.query(
      `insert into bars values ('${daysAgo(39)}', 's0', 1, 5000), ('${daysAgo(32)}', 's0', 1, 5001)`,
    );
    expect((await obstacles()).map(({ day }) => day)).toEqual([daysAgo(39), daysAgo(32)]);
  });

  it('takes what its own drops leave in the logs for no change, night after night', async () => {
    await makeBars(`time_bucket('1 day', time)`);
    for (const hotDays of [32, 31, 30, 29]) {
      expect(await obstacles({ hotDays })).toEqual([]);
      expect((await rotate({ hotDays })).totals.failed).toEqual([]);
      await refresh(daysAgo(7), null);
      expect((await plan({ hotDays })).notes.join()).not.toContain('aggregate');
    }
    expect(await aggregated()).toBe(960);
  });

  it('moves the day as it is when forced', async () => {
    await makeBars(`time_bucket('1 day', time)`);
    await database.query(`insert into bars values ('${daysAgo(37)}', 's0', 1, 5000)`);
    expect((await rotate({}, true)).totals.moved).toHaveLength(10);
    expect(await aggregated()).toBe(960);
  });

  it('finds a row that comes between the plan and the export', async () => {
    await makeBars(`time_bucket('1 day', time)`);
    let came = false;
    const connect = async (...given: Parameters<typeof bench.rooms.connect>) => {
      const late = bench.events.some(({ kind }) => kind === 'moved') && !came;
      if (late) {
        came = true;
        await database.query(`insert into bars values ('${daysAgo(34)}', 's0', 1, 5000)`);
      }
      return bench.rooms.connect(...given);
    };
    const { totals } = await rotateDataset({ ...bench.rooms, connect }, dataset(), {
      force: false,
    });
    expect(totals.failed.map(({ error }) => error.code)).toEqual(['AGGREGATE_BEHIND']);
    expect(totals.moved).toHaveLength(9);
    await obey(totals.failed[0]?.error.hint);
    await rotate();
    expect(await aggregated()).toBe(961);
  });

  it('holds back all of a bucket that is longer than a chunk, for a refresh of what is left would empty it', async () => {
    await makeBars(`time_bucket('1 week', time)`);
    await database.query(`insert into bars values ('${daysAgo(33)}', 's0', 1, 5000)`);
    const found = await obstacles();
    // Weeks begin on Mondays; this one is of the 23rd of February, and its Sunday is the last aged day.
    expect(found).toHaveLength(6);
    expect(found[0]?.day).toBe(daysAgo(36));
    await obey(found[0]?.hint);
    expect(await obstacles()).toEqual([]);
    await rotate();
    expect(await aggregated()).toBe(961);
  });

  it('says of a bucket whose first rows have left that it takes up nothing more, and goes on', async () => {
    await makeBars(`time_bucket('1 week', time)`);
    await rotate({ hotDays: 33 });
    await database.query(`insert into bars values ('${daysAgo(32)}', 's0', 1, 5000)`);
    const { notes, moves } = await plan();
    expect(moves.flatMap((move) => move.obstacles)).toEqual([]);
    expect(notes.join()).toContain(`of a bucket of continuous aggregate public.${MANY}`);
    expect((await rotate()).totals.failed).toEqual([]);
    expect(await aggregated()).toBe(960);
  });

  it('says the same of late rows whose day has left', async () => {
    await makeBars(`time_bucket('1 day', time)`);
    await rotate();
    await database.query(`insert into bars values ('${daysAgo(39)}', 's0', 1, 5000)`);
    expect((await plan()).notes.join()).toContain('late rows too, are not in it');
    expect((await rotate()).totals.moved).toHaveLength(1);
    expect(await aggregated()).toBe(960);
  });

  it('names each stretch by itself where a chunk has several, and refreshes nothing between them', async () => {
    await makeBars(`time_bucket('1 day', time)`, '10 days');
    await database.query(`insert into bars values ('${daysAgo(38)}', 's0', 1, 5000)`);
    await database.query(`insert into bars values ('${daysAgo(35)}', 's0', 1, 5000)`);
    const [found] = await obstacles();
    expect(found?.message).toContain('2026-02-21, 2026-02-24');
    await obey(found?.hint);
    expect(await obstacles()).toEqual([]);
  });

  it.each([
    ['months', `time_bucket('1 month', time)`, daysAgo(58), daysAgo(30)],
    [
      'days of a time zone',
      `time_bucket('1 day', time, 'America/New_York')`,
      '2026-02-21T05:00:00.000Z',
      '2026-02-22T05:00:00.000Z',
    ],
    [
      'weeks with an origin',
      `time_bucket('7 days', time, origin => '2026-01-01 00:00Z'::timestamptz)`,
      '2026-02-19T00:00:00.000Z',
      '2026-02-26T00:00:00.000Z',
    ],
    [
      'days with an offset',
      `time_bucket('1 day', time, "offset" => interval '6 hours')`,
      '2026-02-21T06:00:00.000Z',
      '2026-02-22T06:00:00.000Z',
    ],
    ['quarters of an hour', `time_bucket('15 minutes', time)`, daysAgo(37), null],
  ])('knows whole buckets of %s', async (_, bucket, from, to) => {
    // TimescaleDB keeps an origin as the session writes it, and reads it back as another session does.
    await db.query(`set datestyle = 'ISO, YMD'`);
    await makeBars(bucket);
    await database.query(`insert into bars values ('${daysAgo(37)}', 's0', 1, 5000)`);
    const [found] = await obstacles();
    expect(found?.hint).toContain(
      `'${from}', '${to ?? daysAgo(37).replace('00:00.000Z', '15:00.000Z')}')`,
    );
    await obey(found?.hint);
    expect(await obstacles()).toEqual([]);
    expect(await aggregated()).toBe(961);
  });

  it('finds days that a refresh has left out in the middle', async () => {
    await makeBars(`time_bucket('1 day', time)`);
    await database.query(`drop materialized view "Many ""Bars"""`);
    await database.query(
      `create materialized view "Many ""Bars""" with (timescaledb.continuous) as
       select time_bucket('1 day', time) as bucket, count(*) as rows from bars group by 1 with no data`,
    );
    await refresh(null, daysAgo(38));
    await refresh(daysAgo(36), null);
    expect((await obstacles()).map(({ day }) => day)).toEqual([daysAgo(38), daysAgo(37)]);
  });

  it('lets an aggregate over the aggregate lag: it is made of what stays', async () => {
    await makeBars(`time_bucket('1 day', time)`);
    await database.query(
      `create materialized view weekly with (timescaledb.continuous) as
       select time_bucket('1 week', bucket) as bucket, sum(rows) as rows from "Many ""Bars""" group by 1 with no data`,
    );
    await database.query(`call refresh_continuous_aggregate('weekly', null, null)`);
    await database.query(`insert into bars values ('${daysAgo(37)}', 's0', 1, 5000)`);
    const [found, ...others] = await obstacles();
    expect(others).toEqual([]);
    await obey(found?.hint);
    await rotate();
    await database.query(`call refresh_continuous_aggregate('weekly', null, null)`);
    const { rows } = await database.query(`select sum(rows)::int as rows from weekly`);
    expect(rows).toEqual([{ rows: 961 }]);
  });
});
