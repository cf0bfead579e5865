/**
 * kill -9 of the processes that a daemon starts, and of the daemon above them, while writers go on: it is
 * noticed and told, the next run recovers, nothing is lost or doubled, and in the end nothing is left.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { listSegments } from '../../src/ledger/segments.ts';
import { type KeptDaemon, keepDaemon } from '../soak/daemon-keeper.ts';
import { readCold } from '../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { openRedis } from '../support/live.ts';
import { identityOf, isAlive } from '../support/process-identity.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';
import { makeWorkspace, type Workspace } from '../support/workspace.ts';
import { strayFiles } from './check.ts';
import { KillCount } from './kill-count.ts';
import { clockOf, findLeft } from './leftovers.ts';

/** Of each kind of job; of daemons half as many. */
const KILLS = process.env['TIERD_TEST_KILLS'] === 'all' ? 40 : 5;
/** Short, so that there is something to forget; what was not yet told to Redis is kept whatever this says. */
const KEEP_DELIVERIES_MS = 1_000;
const PATIENCE = { timeout: 120_000, interval: 100 };
const TABLES = { ticks: 'stream', orders: 'list', events: null } as const;
const JOBS = ['rotate', 'drain'] as const;

describeOn('redis', 'kill -9 under the daemon (I4)', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let db: pg.Client;
  let workspace: Workspace;
  let page = '';

  beforeEach(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    onTestFinished(async () => {
      redis.disconnect();
      await server.remove();
    });
    database = await createTestDatabase();
    db = await database.connect();
    for (const table of Object.keys(TABLES)) {
      await db.query(`create table ${table} (ts timestamptz not null, n int not null);
        create index on ${table} (ts)`);
    }
    const port = await freePort();
    page = `http://127.0.0.1:${String(port)}`;
    workspace = makeWorkspace(
      database,
      Object.keys(TABLES)
        .map((table) => `  ${table}: { time_column: ts }`)
        .join('\n'),
      `redis: { url: "${server.url}" }
storage: { lifecycle: { guards: { max_share: 1 } } }
schedules: { rotate: { every: 1s, retries: 0 } }
daemon: { lease_ttl: 2s, circuit_failures: 1000 }
server: { port: ${String(port)}, requests_per_minute: 6000 }
alerts: { commands: { pager: { command: 'echo "$TIERD_ALERT_EVENT $TIERD_ALERT_MESSAGE" >> told' } } }
drain:
  interval: 100ms
  keep_deliveries: ${String(KEEP_DELIVERIES_MS)}ms
  sources:
    ticks: { kind: stream, keys: "s:{key}", dataset: ticks, columns: { ts: ts, n: n }, types: { ts: time_ms } }
    orders: { kind: list, keys: "l:{key}", dataset: orders, columns: { ts: ts, n: n }, types: { ts: time_ms } }`,
    );
    expect(await workspace.tierd('migrate')).toMatchObject({ exitCode: 0 });
  });

  function start(): KeptDaemon {
    const log = join(workspace.directory, 'daemon.log');
    const daemon = keepDaemon({ file: workspace.config, page }, workspace.directory, log);
    onTestFinished(async () => {
      await daemon.stop('SIGKILL');
    });
    return daemon;
  }

  /** Each number once into each table, most of them due at once. */
  function startWriting(): { stop(): Promise<number> } {
    const over = new AbortController();
    let n = 0;
    const running = (async () => {
      while (!over.signal.aborted) {
        n += 1;
        const ts = Date.now() - (n % 4 === 3 ? 0 : 40 + (n % 3)) * 86_400_000;
        await redis.xadd('s:A', '*', 'ts', ts, 'n', n);
        await redis.rpush('l:A', JSON.stringify({ ts, n }));
        await db.query('insert into events (ts, n) values ($1, $2)', [new Date(ts), n]);
        await pause(3);
      }
    })();
    return {
      async stop() {
        over.abort();
        await running;
        return n;
      },
    };
  }

  function findJob(daemon: KeptDaemon, job: string): number | undefined {
    return daemon.jobs().find(({ name }) => name === job)?.pid;
  }

  async function untilJob(daemon: KeptDaemon, job: string): Promise<number> {
    await expect.poll(() => findJob(daemon, job), { ...PATIENCE, interval: 10 }).toBeDefined();
    return findJob(daemon, job) ?? untilJob(daemon, job);
  }

  async function countRuns(job: string, state: string): Promise<number> {
    const { rows } = await db.query<{ runs: number }>(
      'select count(*)::int as runs from tierd.job_runs where job = $1 and state = $2',
      [job, state],
    );
    return rows[0]?.runs ?? 0;
  }

  async function numbersIn(table: string): Promise<readonly number[]> {
    await db.query(
      `begin isolation level repeatable read read only; lock table ${table} in access share mode`,
    );
    const segments = await listSegments(db, { dataset: table, states: ['live'] });
    const hot = await db.query<{ n: number }>(`select n from ${table}`);
    await db.query('commit');
    const cold = await readCold(workspace.lake, segments, 'n');
    return [...hot.rows, ...cold].map(({ n }) => Number(n)).sort((a, b) => a - b);
  }

  async function expectEachOnce(written: number): Promise<void> {
    const all = Array.from({ length: written }, (_, index) => index + 1);
    const due = async (): Promise<number> => {
      let rows = await redis.llen('l:A');
      for (const table of Object.keys(TABLES)) {
        const found = await db.query(
          `select 1 from ${table} where ts < now() - interval '35 days'`,
        );
        rows += found.rowCount ?? 0;
      }
      return rows + Number((await redis.xpending('s:A', 'tierd'))[0]);
    };
    for (const table of ['ticks', 'orders', 'events']) {
      await expect.poll(() => numbersIn(table), { ...PATIENCE, message: table }).toEqual(all);
    }
    await expect.poll(due, PATIENCE).toBe(0);
  }

  async function expectNothingLeft(daemon: KeptDaemon): Promise<void> {
    expect(await daemon.stop()).toBe(0);
    expect(daemon.unasked()).toBe(0);
    const outlived = { keepMs: KEEP_DELIVERIES_MS, asOf: await clockOf(db) };
    // What was asked to stop may have left its VACUUM to the next run.
    for (const job of JOBS) expect(await workspace.tierd(job)).toMatchObject({ exitCode: 0 });
    for (const table of Object.keys(TABLES)) {
      expect(await strayFiles(db, table, workspace.lake)).toEqual([]);
    }
    expect(await redis.keys('tierd:claim:*')).toEqual([]);
    const { lake, spill } = workspace;
    expect(await findLeft(db, { lake, spill, outlived })).toEqual([]);
  }

  it('of its jobs is noticed and told, and the next run of each recovers', async (context) => {
    const count = new KillCount(context);
    const daemon = start();
    const writing = startWriting();
    for (let times = 1; times <= KILLS; times += 1) {
      // One that has ended in order just before was not killed: then another has to die.
      for (const job of JOBS) while (!(await killed(daemon, job)));
      for (const _ of JOBS) count.add();
    }
    const told = (): string => {
      const file = join(workspace.directory, 'told');
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    };
    await expect.poll(told, PATIENCE).toMatch(/^firing rotate crashed: .*was ended by SIGKILL/m);
    await expectEachOnce(await writing.stop());
    await expectNothingLeft(daemon);
    await count.tell(`any point of ${JOBS.join(' and ')}`);
  });

  /** Whether the daemon has noticed that its job was killed, anywhere in what it does. */
  async function killed(daemon: KeptDaemon, job: string): Promise<boolean> {
    const before = await countRuns(job, 'crashed');
    const pid = await untilJob(daemon, job);
    await pause(Math.random() * 600);
    kill(pid);
    const ended = async (): Promise<boolean> => {
      const { rows } = await db.query<{ state: string }>(
        'select state from tierd.job_runs where job = $1 order by id desc limit 1',
        [job],
      );
      return (await countRuns(job, 'crashed')) > before || rows[0]?.state !== 'running';
    };
    await expect.poll(ended, PATIENCE).toBe(true);
    return (await countRuns(job, 'crashed')) > before;
  }

  it('of itself takes its jobs along, and what they did not end is taken over once', async (context) => {
    const count = new KillCount(context);
    const daemon = start();
    const writing = startWriting();
    for (let times = 0; times < KILLS; times += 1) {
      await untilJob(daemon, 'rotate');
      await pause(Math.random() * 600);
      const jobs = daemon.jobs().map(({ pid }) => identityOf(pid));
      await daemon.restart('SIGKILL');
      count.add();
      await expect.poll(() => jobs.filter(isAlive), PATIENCE).toEqual([]);
    }
    await expectEachOnce(await writing.stop());
    // Of one job no run began before the one before it had ended, or was known to be nobody's.
    const { rows } = await db.query(
      `select job, id from (
         select job, id, started_at, lag(finished_at) over (partition by job order by id) as before
         from tierd.job_runs) runs
       where started_at < before - interval '1 second'`,
    );
    expect(rows).toEqual([]);
    await expectNothingLeft(daemon);
    await count.tell('any point of a daemon');
  });
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
