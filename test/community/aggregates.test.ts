/** What the Community edition of TimescaleDB keeps over a hypertable, and does to it by itself. */
import type pg from 'pg';
import { beforeEach, expect, it } from 'vitest';
import type { Check } from '../../src/domain/check.ts';
import type { Dataset } from '../../src/domain/dataset.ts';
import type { TableRef } from '../../src/domain/table.ts';
import { checkDataset } from '../../src/hot/doctor/doctor-dataset.ts';
import { planRotationOf, type RotationOutcome, rotateDataset } from '../../src/jobs/rotate.ts';
import { listColdRanges } from '../../src/ledger/live-segments.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { reading } from '../support/hot.ts';
import { type Bench, daysAgo, makeDataset, NOW, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';

let database: TestDatabase;
let db: pg.Client;
let bench: Bench;

/** A policy that waits for the next century: the tests do what it would. */
const LATER = `schedule_interval => interval '1 hour', initial_start => '2100-01-01 00:00+00'::timestamptz`;

/** 40 days with a row an hour, of which 10 days have aged; a daily aggregate that has taken up none. */
async function makeBars(bucket = '1 day'): Promise<void> {
  await database.query(`create table bars (time timestamptz not null, symbol text, id int)`);
  await database.query(
    `select create_hypertable('bars', 'time', chunk_time_interval => interval '1 day')`,
  );
  await database.query(
    `insert into bars select $1::timestamptz + n * interval '1 hour', 's' || n % 5, n
     from generate_series(0, 959) n`,
    [daysAgo(40)],
  );
  await database.query(
    `create materialized view daily with (timescaledb.continuous) as
     select time_bucket('${bucket}', time) as bucket, count(*) as rows from bars group by 1 with no data`,
  );
}

async function refresh(from: string | null, to: string | null): Promise<void> {
  const literal = (at: string | null): string => (at === null ? 'null' : `'${at}'`);
  await database.query(
    `call refresh_continuous_aggregate('daily', ${literal(from)}, ${literal(to)})`,
  );
}

async function aggregated(): Promise<number> {
  const found = await db.query<{ rows: string }>(
    `select coalesce(sum(rows), 0)::text as rows from daily`,
  );
  return Number(found.rows[0]?.rows);
}

const rotate = (changes: Partial<Dataset> = {}, force = false): Promise<RotationOutcome> =>
  rotateDataset(bench.rooms, makeDataset('bars', { sortBy: ['time'], ...changes }), { force });

async function refusals(changes: Partial<Dataset> = {}): Promise<string[]> {
  const plan = await planRotationOf(bench.rooms, makeDataset('bars', changes));
  return plan.refusals.map(({ guard, forceable }) => `${guard}${forceable ? ' (forceable)' : ''}`);
}

const hint = async (): Promise<string> =>
  (await planRotationOf(bench.rooms, makeDataset('bars'))).refusals[0]?.hint ?? 'none';

async function doctor(): Promise<readonly Check[]> {
  const clock = { now: () => NOW };
  return reading(db, () =>
    checkDataset(db, makeDataset('bars'), clock, () => listColdRanges(db, 'bars')),
  );
}

async function check(name: string): Promise<Check | undefined> {
  return (await doctor()).find((each) => each.name === `dataset:bars:${name}`);
}

const hotRows = async (): Promise<number> => (await db.query('select from bars')).rowCount ?? 0;

describeOn('community', 'rotate, under a continuous aggregate', () => {
  beforeEach(async () => {
    database = await createTestDatabase({ timescale: true });
    db = await database.connect();
    bench = await openBench(database);
  });

  it('refuses with the figures while it is behind, also with --force, and moves nothing', async () => {
    await makeBars();
    await refresh(daysAgo(40), daysAgo(33));
    await expect(rotate({}, true)).rejects.toMatchObject({
      code: 'REFUSED',
      exitCode: 3,
      message: expect.stringMatching(
        /public\.daily reaches 2026-02-26T00:00:00\.000Z, and rows up to 2026-03-01T00:00:00\.000Z would leave/,
      ) as unknown,
    });
    expect(await hotRows()).toBe(960);
    expect((await check('continuous_aggregate'))?.status).toBe('error');
  });

  it('goes on after the refresh that it hints at, and the aggregate keeps what was moved', async () => {
    await makeBars();
    expect(await hint()).toContain('null, null');
    await database.query(await hint());
    expect(await refusals()).toEqual([]);
    expect((await rotate()).totals.moved).toHaveLength(10);
    expect(await hotRows()).toBe(720);
    expect(await aggregated()).toBe(960);
  });

  it('hints later at a refresh that leaves alone what was aggregated from moved rows', async () => {
    await makeBars();
    await refresh(null, daysAgo(30));
    await rotate();
    expect(await refusals({ hotDays: 20 })).toEqual(['continuous_aggregate']);
    const plan = await planRotationOf(bench.rooms, makeDataset('bars', { hotDays: 20 }));
    await database.query(plan.refusals[0]?.hint ?? '');
    expect(await aggregated()).toBe(960);
    await rotate({ hotDays: 20 });
    expect(await hotRows()).toBe(480);
    expect(await aggregated()).toBe(960);
  });

  it('drops compressed chunks under it as well', async () => {
    await makeBars();
    await database.query(`alter table bars set (timescaledb.compress)`);
    await database.query(`select compress_chunk(c) from show_chunks('bars') c`);
    await refresh(null, null);
    expect((await rotate()).totals.moved).toHaveLength(10);
    expect(await aggregated()).toBe(960);
  });

  it('refuses, unless forced, the oldest rows that were never aggregated', async () => {
    await makeBars();
    await refresh(daysAgo(35), null);
    expect(await refusals()).toEqual(['continuous_aggregate (forceable)']);
    const command = (await hint()).replace(/,[^,]*$/, '');
    await database.query(command);
    expect(await refusals()).toEqual([]);
    await rotate();
    expect(await aggregated()).toBe(960);
  });

  it('moves late rows of a day that is moved already, and keeps the aggregate as it was', async () => {
    await makeBars();
    await refresh(null, null);
    await rotate();
    await database.query(`insert into bars values ($1, 'late', 5000)`, [daysAgo(39)]);
    expect((await rotate()).totals.moved.map(({ rows }) => Number(rows))).toEqual([1]);
    expect(await aggregated()).toBe(960);
  });

  it('waits for whole buckets that are longer than a chunk', async () => {
    await makeBars('1 month');
    await refresh(null, daysAgo(20));
    // Of March, which is not over, and into whose first days no move reaches yet.
    expect(await refusals()).toEqual([]);
    expect(await refusals({ hotDays: 20 })).toEqual(['continuous_aggregate']);
    const plan = await planRotationOf(bench.rooms, makeDataset('bars', { hotDays: 20 }));
    await database.query(plan.refusals[0]?.hint ?? '');
    expect(await refusals({ hotDays: 20 })).toEqual([]);
    await rotate({ hotDays: 20 });
    expect(await aggregated()).toBe(960);
  });

  it.each([
    ['all of time', 'null', true],
    ['years', `interval '3 years'`, true],
    ['a week', `interval '7 days'`, false],
  ])('minds a policy that refreshes %s', async (_, offset, minded) => {
    await makeBars();
    await refresh(null, null);
    await database.query(
      `select add_continuous_aggregate_policy('daily', start_offset => ${offset}, end_offset => interval '1 hour', ${LATER})`,
    );
    expect(await refusals()).toEqual(minded ? ['refresh_policy (forceable)'] : []);
    expect((await check('refresh_policy'))?.status).toBe(minded ? 'warning' : undefined);
    // What it would have done: this is why.
    await rotate({}, true);
    await refresh(minded ? null : daysAgo(7), null);
    expect(await aggregated()).toBe(minded ? 720 : 960);
  });

  it('knows TimescaleDB’s own retention, in the plan and for the doctor', async () => {
    await makeBars();
    await refresh(null, null);
    await database.query(`select add_retention_policy('bars', interval '90 days', ${LATER})`);
    expect(await refusals()).toEqual(['retention_policy (forceable)']);
    expect(await check('retention_policy')).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('drops chunks of public.bars after') as unknown,
    });
  });

  it('tells time by integers in their unit', async () => {
    await database.query(`create table bars (time bigint not null, symbol text, id int)`);
    await database.query(`select create_hypertable('bars', 'time', chunk_time_interval => 86400)`);
    await database.query(
      `create function clock_of_bars() returns bigint language sql stable as 'select extract(epoch from now())::bigint'`,
    );
    await database.query(`select set_integer_now_func('bars', 'clock_of_bars')`);
    await database.query(
      `insert into bars select extract(epoch from $1::timestamptz)::bigint + n * 3600, 's', n from generate_series(0, 959) n`,
      [daysAgo(40)],
    );
    await database.query(
      `create materialized view daily with (timescaledb.continuous) as
       select time_bucket(86400, time) as bucket, count(*) as rows from bars group by 1 with no data`,
    );
    const dataset = makeDataset('bars', { timeUnit: 's', sortBy: ['time'] });
    const planned = async () => (await planRotationOf(bench.rooms, dataset)).refusals;
    const [behind] = await planned();
    expect(behind?.message).toContain('has taken up nothing, and rows up to 2026-03-01T');
    await database.query(behind?.hint ?? '');
    expect(await planned()).toEqual([]);
    const week = 7 * 86_400;
    for (const [offset, guards] of [
      [week, []],
      [week * 150, ['refresh_policy']],
    ] as const) {
      await database.query(
        `select add_continuous_aggregate_policy('daily', start_offset => ${String(offset)}, end_offset => 3600, ${LATER})`,
      );
      expect((await planned()).map(({ guard }) => guard)).toEqual(guards);
      await database.query(`select remove_continuous_aggregate_policy('daily')`);
    }
    await rotateDataset(bench.rooms, dataset, { force: false });
    expect(await hotRows()).toBe(720);
    expect(await aggregated()).toBe(960);
  });

  it('tells what a policy reaches by the hypertable’s own now, where time is an integer', async () => {
    await database.query(`create table bars (time bigint not null, symbol text, id int)`);
    await database.query(`select create_hypertable('bars', 'time', chunk_time_interval => 86400)`);
    await database.query(
      `insert into bars select extract(epoch from $1::timestamptz)::bigint + n * 3600, 's', n from generate_series(0, 959) n`,
      [daysAgo(40)],
    );
    // The newest row says what time it is: months behind the wall clock.
    await database.query(
      `create function "Newest"() returns bigint language sql stable as 'select max(time) from public.bars'`,
    );
    await database.query(`select set_integer_now_func('bars', '"Newest"')`);
    await database.query(
      `create materialized view daily with (timescaledb.continuous) as
       select time_bucket(86400, time) as bucket, count(*) as rows from bars group by 1 with no data`,
    );
    await database.query(`call refresh_continuous_aggregate('daily', null, null)`);
    const dataset = makeDataset('bars', { timeUnit: 's', sortBy: ['time'] });
    for (const [days, minded] of [
      [35, true],
      [25, false],
    ] as const) {
      await database.query(
        `select add_continuous_aggregate_policy('daily', start_offset => ${String(days * 86_400)}, end_offset => 3600, ${LATER})`,
      );
      const { refusals: found } = await planRotationOf(bench.rooms, dataset);
      expect(found.map(({ guard }) => guard)).toEqual(minded ? ['refresh_policy'] : []);
      await database.query(`select remove_continuous_aggregate_policy('daily')`);
    }
  });

  it('takes nothing from where an aggregate keeps its rows, nor from a single chunk', async () => {
    await makeBars();
    await refresh(null, null);
    await database.query(`alter table bars set (timescaledb.compress)`);
    await database.query(
      `select compress_chunk(c) from show_chunks('bars', older_than => '${daysAgo(38)}'::timestamptz) c`,
    );
    const { rows: storage } = await database.query(
      `select materialization_hypertable_schema as schema, materialization_hypertable_name as name
       from timescaledb_information.continuous_aggregates`,
    );
    const { rows: chunks } = await database.query(
      `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.oid in (select show_chunks('bars')) or c.relname like 'compress%chunk' and c.relkind = 'r'
       order by c.oid desc limit 1`,
    );
    const { rows: ofView } = await database.query(
      `select chunk_schema as schema, chunk_name as name from timescaledb_information.chunks
       where hypertable_name like '_materialized%' limit 1`,
    );
    const planned = (table: unknown, timeColumn = 'bucket') =>
      planRotationOf(bench.rooms, {
        ...makeDataset('bars', { timeColumn, sortBy: [] }),
        table: table as TableRef,
      });
    const view = { schema: 'public', name: 'daily' };
    await expect(planned(storage[0])).rejects.toMatchObject({
      code: 'TABLE_UNSUPPORTED',
      message: expect.stringContaining('is where continuous aggregate public.daily keeps its rows'),
      hint: expect.stringContaining(`add_retention_policy('"public"."daily"'`),
    });
    await expect(planned(ofView[0])).rejects.toMatchObject({
      code: 'TABLE_UNSUPPORTED',
      message: expect.stringContaining('is where continuous aggregate public.daily keeps its rows'),
    });
    await expect(planned(view)).rejects.toMatchObject({
      code: 'TABLE_UNSUPPORTED',
      message: expect.stringContaining('public.daily is a continuous aggregate'),
      hint: expect.stringContaining('public.bars'),
    });
    await expect(planned(chunks[0], 'time')).rejects.toMatchObject({
      code: 'TABLE_UNSUPPORTED',
      message: expect.stringContaining('is a chunk of public.bars'),
      hint: 'name the hypertable: public.bars',
    });
    expect(await aggregated()).toBe(960);
  });

  it('refuses, with the grant that helps, while tierd’s role may not read the aggregate', async () => {
    await makeBars();
    await refresh(null, null);
    const role = `tierd_test_blind_${database.name.slice(-6)}`;
    await database.query(`create role ${role} login`);
    try {
      await database.query(`alter table bars owner to ${role}`);
      await db.query(`set role ${role}`);
      const found = (await doctor()).filter(({ status }) => status !== 'ok');
      expect(found).toMatchObject([{ name: 'dataset:bars:continuous_aggregate', status: 'error' }]);
      await database.query((found[0]?.advice ?? '').replace('tierd’s role', role));
      expect((await doctor()).filter(({ status }) => status !== 'ok')).toEqual([]);
    } finally {
      await db.query(`reset role`);
      await database.query(`drop owned by ${role} cascade`);
      await database.query(`drop role ${role}`);
    }
  });

  it('can be asked for by a role that is no superuser', async () => {
    await makeBars();
    await refresh(null, null);
    const role = `tierd_test_plain_${database.name.slice(-6)}`;
    await database.query(`create role ${role} login`);
    try {
      await database.query(`alter table bars owner to ${role}`);
      await database.query(`alter materialized view daily owner to ${role}`);
      await db.query(`set role ${role}`);
      expect((await doctor()).filter(({ status }) => status !== 'ok')).toEqual([]);
    } finally {
      await db.query(`reset role`);
      await database.query(`drop owned by ${role} cascade`);
      await database.query(`drop role ${role}`);
    }
  });
});
