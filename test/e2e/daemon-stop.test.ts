/** What does not end when it is asked to: jobs, hooks, servers; and what fails and is tried again. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fillTicks, jobPidOf, makeDaemon, PATIENCE, said, stopped } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { databaseOn } from '../support/own-database.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../support/process-identity.ts';
import type { RunningTierd } from '../support/workspace.ts';

const SLOW = 'storage: { lifecycle: { guards: { max_rows_per_second: 10, max_share: 1 } } }';
const FAST = 'storage: { lifecycle: { guards: { max_share: 1 } } }';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

/** The job that runs now, stopped in its tracks: it hears no signal but SIGKILL. */
async function freezeJob(daemon: RunningTierd): Promise<ProcessIdentity> {
  await said(daemon, /rotate: started/);
  await expect.poll(() => jobPidOf(daemon), PATIENCE).not.toBeNull();
  const pid = jobPidOf(daemon) ?? 0;
  process.kill(pid, 'SIGSTOP');
  return identityOf(pid);
}

/** Milliseconds from now until it has ended. */
async function timeToEnd(daemon: RunningTierd): Promise<number> {
  const from = performance.now();
  await daemon.ended;
  return performance.now() - from;
}

describe('a job that takes longer than its timeout', () => {
  it('is asked to stop, keeps what it has moved, and its schedule goes on', async () => {
    await fillTicks(database, { dueDays: 3, rows: 40 });
    const scene = await makeDaemon(
      database,
      `${SLOW}\nschedules: { rotate: { every: 1s, timeout: 7s } }`,
    );
    const daemon = scene.run();
    await said(daemon, /rotate: timeout after/);
    const [first] = await scene.runs();
    expect(first).toMatchObject({ state: 'timeout', attempts: 1 });
    expect(first?.error_message).not.toContain('SIGKILL');
    scene.edit('max_rows_per_second: 10,', '');
    daemon.child.kill('SIGHUP');
    await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(40);
    await stopped(daemon);
  });

  it('and hears nothing is killed, and the next run makes up for it', async () => {
    await fillTicks(database, { dueDays: 1, rows: 40 });
    const scene = await makeDaemon(
      database,
      `${SLOW}
schedules: { rotate: { every: 1s, timeout: 3s } }
daemon: { lease_ttl: 2s, shutdown_timeout: 3s }`,
    );
    const daemon = scene.run();
    const job = await freezeJob(daemon);
    await said(
      daemon,
      /rotate: timeout after .*took longer than its timeout and was ended by SIGKILL/,
    );
    expect(isAlive(job)).toBe(false);
    expect((await scene.runs())[0]).toMatchObject({ state: 'timeout' });
    scene.edit('max_rows_per_second: 10,', '');
    scene.edit('timeout: 3s', 'timeout: 60s');
    daemon.child.kill('SIGHUP');
    await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(40);
    await stopped(daemon);
  });
});

describe('a failure that may pass by itself', () => {
  it('is tried again, later each time, within the same run', async () => {
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const scene = await makeDaemon(
      database,
      `${FAST}\nlog: { level: debug }\nschedules: { rotate: { every: 1s, retries: 20, retry_delay: 400ms } }`,
    );
    const writer = await database.connect();
    await writer.query('begin; lock table ticks in row exclusive mode');
    await writer.query(`update ticks set id = id where ts < now() - interval '30 days'`);
    const daemon = scene.run();
    const waits = (): number[] =>
      [...daemon.stderr().matchAll(/trying again in ([\d.]+) s/g)].map(([, text]) => Number(text));
    await expect.poll(() => waits().length, { timeout: 60_000, interval: 50 }).toBeGreaterThan(2);
    await writer.query('commit');
    await said(daemon, /rotate: done/);
    const [run] = await scene.runs();
    expect(run?.attempts).toBeGreaterThan(3);
    expect(run).toMatchObject({ state: 'done' });
    // Doubled each time, less up to a half: from 0.2 to 0.4 s, from 0.4 to 0.8 s, …
    for (const [index, seconds] of waits().slice(0, 3).entries()) {
      expect(seconds).toBeGreaterThanOrEqual(0.2 * 2 ** index);
      expect(seconds).toBeLessThanOrEqual(0.4 * 2 ** index);
    }
    expect(await scene.hotRows('ticks')).toBe(10);
    await stopped(daemon);
  });
});

describe('a daemon that is asked to stop', () => {
  const BRIEF = 'daemon: { lease_ttl: 60s, shutdown_timeout: 6s }';

  it('ends in time with 0 though a job hears nothing, and the lease is free at once', async () => {
    await fillTicks(database, { dueDays: 1, rows: 40 });
    const scene = await makeDaemon(
      database,
      `${SLOW}\nschedules: { rotate: { every: 1s } }\n${BRIEF}`,
    );
    const daemon = scene.run();
    const job = await freezeJob(daemon);
    daemon.child.kill('SIGTERM');
    expect(await timeToEnd(daemon)).toBeLessThan(6_000);
    expect(await daemon.ended).toBe(0);
    expect(isAlive(job)).toBe(false);
    expect((await scene.runs())[0]).toMatchObject({ state: 'interrupted' });

    const next = scene.run();
    await said(next, /leading: jobs/);
    await stopped(next);
  });

  it('cuts off a hook that takes too long, and says which found no time', async () => {
    const scene = await makeDaemon(
      database,
      `schedules: { rotate: { cron: "0 0 29 2 *" } }
daemon: { shutdown_timeout: 3s, shutdown_hooks: ["echo first", "sleep 600", "echo too late"] }`,
    );
    const daemon = scene.run();
    await said(daemon, /leading: jobs/);
    daemon.child.kill('SIGTERM');
    expect(await timeToEnd(daemon)).toBeLessThan(6_000);
    expect(await daemon.ended).toBe(0);
    expect(daemon.stderr()).toMatch(/ first /);
    expect(daemon.stderr()).toMatch(/the hook sleep 600 ended with/);
    expect(daemon.stderr()).toMatch(/no time is left for the hook echo too late/);
  });

  it('twice stops at once, and what it leaves behind ends by itself', async () => {
    await fillTicks(database, { dueDays: 1, rows: 40 });
    const scene = await makeDaemon(
      database,
      `${SLOW}\nschedules: { rotate: { every: 1s } }\ndaemon: { lease_ttl: 2s }`,
    );
    const daemon = scene.run();
    const job = await freezeJob(daemon);
    daemon.child.kill('SIGTERM');
    await said(daemon, /stopping: no job is started any more/);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(130);
    process.kill(job.pid, 'SIGCONT');
    await expect.poll(() => isAlive(job), PATIENCE).toBe(false);

    scene.edit('max_rows_per_second: 10,', '');
    const next = scene.run();
    await said(next, /rotate: done/);
    expect(await scene.hotRows('ticks')).toBe(40);
    expect((await scene.runs())[0]).toMatchObject({ state: 'abandoned' });
    await stopped(next);
  });
});

describe('a database that does not answer', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  it('keeps no daemon from stopping in time', async () => {
    const own = await databaseOn(server);
    await fillTicks(own, { dueDays: 1, rows: 400 });
    const token = randomBytes(8).toString('hex');
    const scene = await makeDaemon(
      own,
      `${SLOW}
schedules: { rotate: { every: 1s } }
daemon: { lease_ttl: 60s, shutdown_timeout: 6s, shutdown_hooks: ["echo ${token}"] }`,
    );
    const daemon = scene.run();
    await said(daemon, /rotate: started/);
    await expect.poll(() => jobPidOf(daemon), PATIENCE).not.toBeNull();
    const job = identityOf(jobPidOf(daemon) ?? 0);
    const frozen = await backendsOf(own, server);
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    try {
      daemon.child.kill('SIGTERM');
      expect(await timeToEnd(daemon)).toBeLessThan(7_500);
      expect(await daemon.ended).toBe(0);
      expect(daemon.stderr()).toContain(token);
      expect(isAlive(job)).toBe(false);
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    }
  });
});

/** The server's first process, without which nobody is let in, and those that serve tierd. */
async function backendsOf(
  { query }: Pick<TestDatabase, 'query'>,
  server: PostgresServer,
): Promise<readonly number[]> {
  const { rows } = await query(
    `select pid from pg_stat_activity where application_name like 'tierd/%'`,
  );
  return [server.pid(), ...(rows as { pid: number }[]).map(({ pid }) => pid)];
}
