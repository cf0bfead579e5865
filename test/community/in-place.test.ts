/** Hypertables that reach into the lake themselves, under the Community edition: continuous aggregates, compression, policies. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/time/clock.ts';
import { runInside, runTierd } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type FaceDaemon, startFaceDaemon } from '../support/face-daemon.ts';
import { endHttpDaemon } from '../support/http-daemon.ts';
import { freePort } from '../support/server-process.ts';
import { describeOn } from '../support/servers.ts';

describeOn('community', 'a hypertable in place and what is built upon it', () => {
  let database: TestDatabase;
  let daemon: FaceDaemon;

  beforeAll(async () => {
    database = await createTestDatabase({ timescale: true });
    await database.query(`
      create table bars (time timestamptz not null, symbol text not null, id int not null, v int not null);
      select create_hypertable('bars', 'time', chunk_time_interval => interval '1 day');
      alter table bars set (timescaledb.compress, timescaledb.compress_segmentby = 'symbol');
`);
    // It rotates what is there when it is started.
    daemon = await startFaceDaemon(database, {
      port: await freePort(),
      datasets: '  bars: { time_column: time }',
    });
    await database.query(`
      insert into bars select date_trunc('day', now(), 'UTC') - interval '50 days' + n * interval '20 minutes', 's' || n % 5, n, n % 97
      from generate_series(0, 50 * 72 - 1) n;`);
    await database.query(`create materialized view hourly with (timescaledb.continuous) as
      select time_bucket('1 hour', time) as bucket, symbol, count(*) as rows, sum(v) as total from bars group by 1, 2 with no data`);
    await database.query(`create materialized view daily with (timescaledb.continuous) as
      select time_bucket('1 day', bucket) as day, sum(rows) as rows, sum(total) as total from hourly group by 1 with no data`);
    await refresh();
  });

  afterAll(() => endHttpDaemon(daemon));

  async function refresh(): Promise<void> {
    await database.query(`call refresh_continuous_aggregate('hourly', null, null)`);
    await database.query(`call refresh_continuous_aggregate('daily', null, null)`);
  }

  const rotate = (...flags: readonly string[]) =>
    runTierd(['rotate', '--quiet', ...flags], { workingDirectory: daemon.directory });

  /** What is materialised is what the rows give, those in the lake too. */
  async function expectRight(rows: number): Promise<void> {
    await database.query(`alter materialized view hourly set (timescaledb.materialized_only = true);
      alter materialized view daily set (timescaledb.materialized_only = true)`);
    const read = async (sql: string): Promise<unknown> => (await database.query(sql)).rows;
    expect(await read('select count(*)::int as n from bars')).toEqual([{ n: rows }]);
    expect(await read('select bucket, symbol, rows, total from hourly order by 1, 2')).toEqual(
      await read(
        `select time_bucket('1 hour', time) as bucket, symbol, count(*) as rows, sum(v) as total from bars group by 1, 2 order by 1, 2`,
      ),
    );
    expect(await read('select day, rows::int, total::int from daily order by 1')).toEqual(
      await read(
        `select time_bucket('1 day', time) as day, count(*)::int as rows, sum(v)::int as total from bars group by 1 order by 1`,
      ),
    );
  }

  it('a refresh policy that looks at moved time again is refused without it, and no longer with it', async () => {
    await database.query(
      `select add_continuous_aggregate_policy('hourly', null, interval '1 hour', interval '1 hour', initial_start => '2100-01-01'::timestamptz)`,
    );
    const refused = await rotate();
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('refresh policy');
    const attached = await runInside(['attach', '--in-place'], {
      workingDirectory: daemon.directory,
      clock: systemClock,
    });
    expect(attached.exitCode, attached.stderr).toBe(0);
    await database.query(
      `alter database ${database.name} set timescaledb.enable_tiered_reads = off`,
    );
    expect((await rotate()).exitCode).toBe(3);
    await database.query(`alter database ${database.name} reset timescaledb.enable_tiered_reads`);
    const moved = await rotate('--force');
    expect(moved.exitCode, moved.stderr).toBe(0);
    expect(
      (await database.query('select count(*)::int as n from tierd.segments')).rows[0]?.n,
    ).toBeGreaterThan(10);
    await expectRight(3_600);
  });

  it('what is refreshed over moved time stays right, in a hierarchy too', async () => {
    await refresh();
    await expectRight(3_600);
  });

  it('late rows in moved time are taken up, before they are moved and after', async () => {
    await database.query(
      `insert into bars select date_trunc('day', now(), 'UTC') - interval '45 days' + n * interval '7 minutes', 's1', 10000 + n, 5 from generate_series(1, 50) n`,
    );
    await refresh();
    await expectRight(3_650);
    await database.query(
      `insert into bars select date_trunc('day', now(), 'UTC') - interval '44 days' + n * interval '7 minutes', 's2', 20000 + n, 6 from generate_series(1, 50) n`,
    );
    expect((await rotate('--force')).exitCode).toBe(0);
    await refresh();
    await expectRight(3_700);
  });

  it('a policy that runs by itself leaves them right', async () => {
    const jobs = await database.query(
      `select job_id::int as job from timescaledb_information.jobs where proc_name = 'policy_refresh_continuous_aggregate'`,
    );
    await database.query(
      `insert into bars values (date_trunc('day', now(), 'UTC') - interval '43 days', 's3', 30000, 7)`,
    );
    await database.query(`call run_job(${String(jobs.rows[0]?.job)})`);
    await database.query(`call refresh_continuous_aggregate('daily', null, null)`);
    await expectRight(3_701);
  });

  it('hot chunks are compressed beside it, and compressed ones are moved', async () => {
    await database.query(
      `select compress_chunk(c) from show_chunks('bars', older_than => interval '25 days') c`,
    );
    await expectRight(3_701);
    await database.query(
      `insert into bars values (date_trunc('day', now(), 'UTC') - interval '42 days', 's3', 30001, 7)`,
    );
    await database.query(
      `select compress_chunk(c) from show_chunks('bars', older_than => interval '40 days') c`,
    );
    const moved = await rotate('--force');
    expect(moved.exitCode, moved.stderr).toBe(0);
    await refresh();
    await expectRight(3_702);
  });

  it('drop_chunks and a retention policy drop hot chunks alone', async () => {
    await database.query(`select drop_chunks('bars', older_than => interval '29 days')`);
    const { rows } = await database.query(
      `select count(*)::int as n from bars where time < now() - interval '31 days'`,
    );
    expect(rows[0]?.n).toBeGreaterThan(1_000);
  });
});
