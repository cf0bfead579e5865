/** What a person asks of running daemons: pause, resume, a look before a run, cancel. */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DaemonScene, fillTicks, makeDaemon, PATIENCE, said } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { openRedis } from '../support/live.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';

const CONTROL = randomBytes(16).toString('hex');
const FAST = 'storage: { lifecycle: { guards: { max_share: 1 } } }';
const SLOW = 'storage: { lifecycle: { guards: { max_rows_per_second: 10, max_share: 1 } } }';
const LEASE = 'daemon: { lease_ttl: 2s, shutdown_timeout: 20s }';
const BOTH = '  ticks: { time_column: ts }\n  bars: { time_column: ts }';
const NEVER = 'schedules: { rotate: { cron: "0 0 29 2 *" } }';

interface Status {
  readonly role: string;
  readonly jobs: readonly {
    readonly paused: { readonly since: string; readonly by: string } | null;
    readonly is_queued: boolean;
    readonly running: { readonly run: string } | null;
    readonly last: { readonly state: string; readonly cause: string } | null;
  }[];
  readonly paused_datasets: readonly { readonly dataset: string; readonly by: string }[];
}

let database: TestDatabase;
let port: number;
const url = (path: string): string => `http://127.0.0.1:${String(port)}${path}`;
const status = async (): Promise<Status> => (await (await fetch(url('/status'))).json()) as Status;
const ask = (path: string): Promise<Response> =>
  fetch(url(path), { method: 'POST', headers: { authorization: `Bearer ${CONTROL}` } });
const page = (): string => `server: { port: ${String(port)}, control_token: ${CONTROL} }`;

beforeEach(async () => {
  database = await createTestDatabase();
  port = await freePort();
});

const ended = async (scene: DaemonScene): Promise<number> =>
  (await scene.runs()).filter(({ state }) => state !== 'running').length;

describe('a paused job', () => {
  it('is started by no schedule, through a restart and a change of leader, until it is resumed', async () => {
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const schedule = 'schedules: { rotate: { every: 1s } }';
    const scene = await makeDaemon(database, `${FAST}\n${schedule}\n${LEASE}\n${page()}`);
    const paused = await scene.workspace.tierd('jobs', 'pause', 'rotate');
    expect(paused).toMatchObject({ exitCode: 0 });
    expect(paused.stdout).toMatch(/^rotate: paused since \S+ by \S+@/);

    const first = scene.run();
    await said(first, /leading: jobs/);
    await said(first, /rotate: paused; no schedule starts it/);
    await expect.poll(async () => (await status()).jobs[0]?.paused?.by, PATIENCE).toContain('@');
    const list = await scene.workspace.tierd('jobs', 'list');
    expect(list.stdout).toMatch(/rotate +every 1 s +paused/);
    expect(list.stdout).toContain('to go on: tierd jobs resume rotate');
    // A person may all the same.
    expect((await scene.workspace.tierd('jobs', 'run', 'rotate')).stdout).toBe('rotate: started\n');
    await expect.poll(() => ended(scene), PATIENCE).toBe(1);

    scene.edit(/server: .*/, '');
    const second = scene.run();
    await said(second, /standing by/);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    await said(second, /leading: jobs/);
    await said(second, /rotate: paused/);
    expect((await scene.runs()).map(({ cause }) => cause)).toEqual(['manual']);

    const resumed = await scene.workspace.tierd('jobs', 'resume', 'rotate');
    expect(resumed.stdout).toBe('rotate: resumed\n');
    await expect.poll(async () => (await scene.runs()).length, PATIENCE).toBeGreaterThan(1);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    const again = await scene.workspace.tierd('jobs', 'resume', 'rotate');
    expect(again).toMatchObject({ exitCode: 0, stdout: 'rotate: was not paused\n' });
    const unknown = await scene.workspace.tierd('jobs', 'pause', 'rotat');
    expect(unknown).toMatchObject({ exitCode: 2 });
    expect(unknown.stderr).toContain('Did you mean rotate?');
  });
});

describe('a paused dataset', () => {
  it('is left out by the schedule, and refused to a person who names it, but for --force', async () => {
    await fillTicks(database, { dueDays: 1, rows: 10 });
    await fillTicks(database, { dueDays: 1, rows: 10, table: 'bars' });
    const scene = await makeDaemon(database, `${FAST}\n${NEVER}\n${LEASE}\n${page()}`, BOTH);
    const daemon = scene.run();
    await said(daemon, /leading: jobs/);
    const paused = await ask('/v1/datasets/ticks/pause?by=ann');
    expect(paused.status).toBe(202);
    expect((await status()).paused_datasets).toMatchObject([{ dataset: 'ticks', by: 'ann' }]);

    expect((await ask('/v1/jobs/rotate/run')).status).toBe(202);
    await expect.poll(async () => (await status()).jobs[0]?.last?.state, PATIENCE).toBe('done');
    expect(await scene.hotRows('bars')).toBe(10);
    expect(await scene.hotRows('ticks')).toBe(20);

    const byHand = await scene.workspace.tierd('rotate', 'ticks');
    expect(byHand.exitCode).toBe(3);
    expect(byHand.stderr).toMatch(/ticks is paused since \S+ by ann/i);
    expect(byHand.stderr).toContain('tierd jobs resume --dataset ticks');
    const all = await scene.workspace.tierd('rotate', '--force');
    expect(all).toMatchObject({ exitCode: 0 });
    expect(all.stdout).toMatch(/paused ticks: left out, since \S+ by ann/);
    const cleanup = await scene.workspace.tierd('cleanup', 'ticks', '--yes');
    expect(cleanup.exitCode).toBe(3);
    const look = await scene.workspace.tierd('rotate', 'ticks', '--dry-run', '--json');
    expect(look.exitCode).toBe(0);
    expect(JSON.parse(look.stdout)).toMatchObject({
      datasets: [{ rows: 10, notes: [expect.stringContaining('is paused') as string] }],
    });
    expect(await scene.hotRows('ticks')).toBe(20);

    expect((await scene.workspace.tierd('rotate', 'ticks', '--force')).exitCode).toBe(0);
    expect(await scene.hotRows('ticks')).toBe(10);
    expect((await ask('/v1/datasets/ticks/resume')).status).toBe(202);
    expect((await status()).paused_datasets).toEqual([]);
    expect((await scene.workspace.tierd('rotate', 'ticks')).exitCode).toBe(0);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  it('is left out by a daemon that names its datasets, for others have their own', async () => {
    await fillTicks(database, { dueDays: 1, rows: 10 });
    await fillTicks(database, { dueDays: 1, rows: 10, table: 'bars' });
    const datasets = '  ticks: { time_column: ts }\n  bars: { time_column: ts, owner: other }';
    const schedule = 'schedules: { rotate: { every: 1s } }';
    const scene = await makeDaemon(database, `${FAST}\n${schedule}\n${LEASE}`, datasets);
    const pause = await scene.workspace.tierd('jobs', 'pause', '--dataset', 'ticks');
    expect(pause).toMatchObject({ exitCode: 0 });
    const daemon = scene.run();
    await said(daemon, /rotate: done/);
    expect(await scene.hotRows('ticks')).toBe(20);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

describe('a dry run', () => {
  it('I7: says what would be done, and leaves no trace', async () => {
    await fillTicks(database, { dueDays: 2, rows: 10 });
    const schedules =
      'schedules: { rotate: { cron: "0 0 29 2 *" }, scrub: { cron: "0 0 29 2 *" } }';
    const scene = await makeDaemon(database, `${FAST}\n${schedules}\n${LEASE}\n${page()}`);
    const daemon = scene.run();
    await said(daemon, /leading: jobs/);
    const run = await scene.workspace.tierd('jobs', 'run', 'rotate', '--dry-run', '--json');
    expect(run).toMatchObject({ exitCode: 0 });
    const found = JSON.parse(run.stdout) as { id: string; result: unknown };
    expect(found.result).toMatchObject({
      dry_run: true,
      datasets: [{ dataset: 'ticks', rows: 20, refusals: [] }],
    });
    const text = await scene.workspace.tierd('jobs', 'run', 'rotate', '--dry-run');
    expect(text.stdout).toMatch(/^tierd rotate --dry-run: done\n/);
    const read = await (await fetch(url(`/v1/dry-runs/${found.id}`))).json();
    expect(read).toMatchObject({ state: 'done', result: { dry_run: true } });

    expect(await scene.hotRows('ticks')).toBe(30);
    expect(await scene.runs()).toEqual([]);
    const { rows } = await database.query('select count(*)::int as count from tierd.runs');
    expect(rows).toEqual([{ count: 0 }]);
    expect(readdirSync(scene.workspace.directory)).not.toContain('lake');
    const none = await scene.workspace.tierd('jobs', 'run', 'scrub', '--dry-run');
    expect(none.exitCode).toBe(3);
    expect(none.stderr).toContain('scrub has no dry run');
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

describe('a cancelled run', () => {
  it('makes room for the one that is queued behind it', async () => {
    await fillTicks(database, { dueDays: 1, rows: 400 });
    const schedules = 'schedules: { rotate: { cron: "0 0 29 2 *", overlap: queue-one } }';
    const scene = await makeDaemon(database, `${SLOW}\n${schedules}\n${LEASE}\n${page()}`);
    const daemon = scene.run();
    await said(daemon, /leading: jobs/);
    const run = async (): Promise<string> =>
      (await scene.workspace.tierd('jobs', 'run', 'rotate')).stdout;
    expect(await run()).toBe('rotate: started\n');
    await expect.poll(async () => (await status()).jobs[0]?.running, PATIENCE).not.toBeNull();
    expect(await run()).toContain('queued');
    expect((await status()).jobs[0]?.is_queued).toBe(true);
    const cancelled = await scene.workspace.tierd('jobs', 'cancel', 'rotate');
    expect(cancelled.stdout).toBe('rotate: asked to stop\n');
    await expect
      .poll(async () => (await scene.runs()).map(({ state }) => state), PATIENCE)
      .toEqual(['cancelled', 'running']);
    await scene.workspace.tierd('jobs', 'cancel', 'rotate');
    await expect
      .poll(async () => (await scene.runs()).map(({ state }) => state), PATIENCE)
      .toEqual(['cancelled', 'cancelled']);
    expect(await scene.hotRows('ticks')).toBe(800);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });
});

describeOn('redis', 'the drain', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.remove());

  it('leaves a paused dataset alone, ends when its job is paused, and begins anew when cancelled', async () => {
    await database.query('create table ticks (symbol text, ts timestamptz, price numeric)');
    const redis = openRedis(server.url);
    const scene = await makeDaemon(
      database,
      `redis: { url: "${server.url}" }
${NEVER}
${LEASE}
${page()}
drain:
  interval: 100ms
  sources:
    streams: { kind: stream, keys: "stream:{symbol}", dataset: ticks, columns: { symbol: "{symbol}", ts: $time, price: price } }`,
    );
    const add = (): Promise<unknown> => redis.xadd('stream:A', '*', 'price', '1');
    const drainRuns = async (): Promise<readonly string[]> =>
      (await scene.runs('drain')).map(({ state }) => state);
    try {
      const daemon = scene.run();
      await add();
      await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(1);

      await ask('/v1/datasets/ticks/pause');
      await said(daemon, /streams: ticks is paused since .*; it waits/);
      await add();
      const byHand = await scene.workspace.tierd('drain');
      expect(byHand).toMatchObject({ exitCode: 0 });
      expect(byHand.stdout).toContain('paused streams: left out');
      expect((await scene.workspace.tierd('drain', 'streams')).exitCode).toBe(3);
      expect(await scene.hotRows('ticks')).toBe(1);
      expect((await scene.workspace.tierd('drain', 'streams', '--force')).exitCode).toBe(0);
      expect(await scene.hotRows('ticks')).toBe(2);
      await ask('/v1/datasets/ticks/resume');
      await said(daemon, /streams: resumed/);
      await add();
      await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(3);
      expect(await drainRuns()).toEqual(['running']);

      await ask('/v1/jobs/drain/cancel');
      await expect.poll(drainRuns, PATIENCE).toEqual(['cancelled', 'running']);

      await ask('/v1/jobs/drain/pause');
      await expect.poll(drainRuns, PATIENCE).toEqual(['cancelled', 'interrupted']);
      expect((await ask('/v1/jobs/drain/run')).status).toBe(409);
      await add();
      expect(await scene.hotRows('ticks')).toBe(3);
      await ask('/v1/jobs/drain/resume');
      await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(4);
      daemon.child.kill('SIGTERM');
      expect(await daemon.ended).toBe(0);
    } finally {
      redis.disconnect();
    }
  });
});
