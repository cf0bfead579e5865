/** What the daemon itself waits for: each wait has a limit, a word in log and status, and ends with SIGTERM. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  type DaemonScene,
  fillTicks,
  makeDaemon,
  PATIENCE,
  pageOf,
  said,
} from '../support/daemon.ts';
import type { TestDatabase } from '../support/database.ts';
import { openRedis } from '../support/live.ts';
import { databaseOn } from '../support/own-database.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';
import { openProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import type { RunningTierd } from '../support/workspace.ts';

const SECTIONS = `
schedules: { rotate: { cron: "0 0 29 2 *" } }
daemon: { lease_ttl: 3s, shutdown_timeout: 8s }
server: { port: 0, survey_interval: 1s }`;

let server: PostgresServer;
let database: TestDatabase;
let scene: DaemonScene;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const ready = async (daemon: RunningTierd): Promise<readonly string[]> => {
  const response = await fetch(`${pageOf(daemon)}/readyz`);
  return ((await response.json()) as { readonly missing: readonly string[] }).missing;
};

/** A process that hangs beyond its stop time would be here for ever. */
async function endsInTime(daemon: RunningTierd): Promise<void> {
  daemon.child.kill('SIGTERM');
  expect(await daemon.ended, daemon.stderr()).toBe(0);
  expect(daemon.stderr()).toMatch(/stopped|the time to stop is over/);
}

describe('a line to PostgreSQL that goes silent', () => {
  async function openScene(): Promise<TcpProxy> {
    database = await databaseOn(server);
    await fillTicks(database, { dueDays: 1, rows: 10 });
    scene = await makeDaemon(database, SECTIONS);
    const proxy = await openProxy(database.url);
    scene.edit(database.url, proxy.url);
    scene.edit('lock_timeout: 3s', 'lock_timeout: 3s, connect_timeout: 1s');
    return proxy;
  }

  it('under a leader is told in log and status, and SIGTERM ends the daemon', async () => {
    const proxy = await openScene();
    const daemon = scene.run();
    await said(daemon, /leading: jobs/);
    await expect.poll(() => ready(daemon), PATIENCE).toEqual([]);
    proxy.onStatement(() => 'stall');
    await said(daemon, /no longer leading: .*could not be renewed/);
    await said(daemon, /PostgreSQL can't be used/);
    await expect
      .poll(() => ready(daemon), PATIENCE)
      .toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^the lease: /),
          expect.stringMatching(/^PostgreSQL: /),
        ]),
      );
    await endsInTime(daemon);
  });

  it('before the first lead is told as well, and is no reason to hang', async () => {
    const proxy = await openScene();
    proxy.onStatement(() => 'stall');
    const daemon = scene.run();
    await said(daemon, /standing by: /);
    await expect
      .poll(() => ready(daemon), PATIENCE)
      .toEqual(expect.arrayContaining([expect.stringMatching(/^the lease: /)]));
    await endsInTime(daemon);
  });
});

describe('a dead synchronous standby', () => {
  async function setNames(names: string): Promise<void> {
    await database.query(`alter system set synchronous_standby_names = '${names}'`);
    await database.query('select pg_reload_conf()');
    await expect
      .poll(async () => (await database.query('show synchronous_standby_names')).rows[0], PATIENCE)
      .toEqual({ synchronous_standby_names: names });
  }

  it('keeps a daemon from leading, which says what it waits for and ends with SIGTERM', async () => {
    database = await databaseOn(server);
    await fillTicks(database, { dueDays: 1, rows: 10 });
    scene = await makeDaemon(database, SECTIONS);
    onTestFinished(() => setNames(''));
    await setNames('ghost');
    const daemon = scene.run();
    await said(daemon, /standing by: .*synchronous_standby_names is 'ghost'/);
    await expect
      .poll(() => ready(daemon), PATIENCE)
      .toEqual(expect.arrayContaining([expect.stringMatching(/^the lease: .*ghost/)]));
    await endsInTime(daemon);
  });
});

describeOn('redis', 'a dead synchronous standby under a drain', () => {
  it('is told by the drain and by status, and ends with the standby; SIGTERM ends it before', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.remove());
    database = await databaseOn(server);
    await fillTicks(database, { dueDays: 0, rows: 10 });
    scene = await makeDaemon(
      database,
      `${SECTIONS}
redis: { url: "${redis.url}" }
drain:
  interval: 200ms
  sources:
    lists: { kind: list, keys: "list:{symbol}", dataset: ticks, columns: { id: id, ts: ts }, types: { ts: time_ms } }`,
    );
    const daemon = scene.run();
    await said(daemon, /drain: started/);
    await database.query(`alter system set synchronous_standby_names = 'ghost'`);
    await database.query('select pg_reload_conf()');
    onTestFinished(async () => {
      await database.query(`alter system reset synchronous_standby_names`);
      await database.query('select pg_reload_conf()');
    });
    const client = openRedis(redis.url);
    await client.rpush('list:A', JSON.stringify({ id: 1, ts: Date.now() }));
    client.disconnect();
    await said(daemon, /ghost/);
    const drain = scene.workspace.start('drain');
    await said(drain, /waits for a synchronous standby|LEASE_HELD|STANDBY_SILENT/);
    drain.child.kill('SIGTERM');
    expect(await drain.ended).not.toBe(0);
    await endsInTime(daemon);
  });
});
