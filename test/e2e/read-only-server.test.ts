/** Servers that take no writes: a hot standby, and a setting that keeps writers out. */
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fillTicks, makeDaemon, PATIENCE, pageOf, said, stopped } from '../support/daemon.ts';
import type { TestDatabase } from '../support/database.ts';
import { databaseOn } from '../support/own-database.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { describeOn } from '../support/servers.ts';
import { startStandby } from '../support/standby.ts';
import { makeWorkspace } from '../support/workspace.ts';

const TICKS = '  ticks: { time_column: ts }';
const SECTIONS = `
storage: { lifecycle: { guards: { max_share: 1 } } }
schedules: { rotate: { every: 1s } }
server: { port: 0 }
daemon: { lease_ttl: 2s }`;

async function ownServer(): Promise<PostgresServer> {
  const server = await startPostgres();
  onTestFinished(() => server.remove());
  return server;
}

async function readiness(
  page: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${page}/readyz`);
  return { status: answer.status, text: await answer.text() };
}

async function readOnlyByDefault({ url, name }: TestDatabase, on: boolean): Promise<void> {
  // A connection of its own, which may change the setting it would itself be held by.
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query('set default_transaction_read_only = off');
  await admin.query(
    `alter database ${name} set default_transaction_read_only = ${on ? 'on' : 'off'}`,
  );
  await admin.end();
}

describeOn('pg_dump', 'a daemon before a hot standby', () => {
  it('stands by, says so, and moves rows once the standby is promoted', async () => {
    const primary = await ownServer();
    const database = await databaseOn(primary);
    await fillTicks(database, { dueDays: 2, rows: 50 });
    await makeDaemon(database, SECTIONS, TICKS);
    const standby = await startStandby(primary);
    onTestFinished(() => standby.remove());
    const url = new URL(standby.url);
    url.pathname = new URL(database.url).pathname;
    const replica = new pg.Client({ connectionString: url.href });
    await replica.connect();
    onTestFinished(() => replica.end());
    const there = { url: url.href, query: (sql: string) => replica.query(sql) };
    const workspace = makeWorkspace(there, TICKS, SECTIONS);
    const daemon = workspace.start('run');
    onTestFinished(() => void daemon.child.kill('SIGKILL'));

    await said(daemon, /standing by: PostgreSQL at .* is a standby/);
    const page = pageOf(daemon);
    await expect
      .poll(() => readiness(page), PATIENCE)
      .toMatchObject({
        status: 503,
        text: expect.stringMatching(/the lease: PostgreSQL at .* is a standby/),
      });
    expect(daemon.child.exitCode).toBeNull();
    expect((await workspace.tierd('status')).exitCode).toBe(0);
    const counted = await workspace.tierd(
      'query',
      'select count(*) as n from ticks',
      '--format',
      'csv',
    );
    expect(counted.stdout).toContain('150');
    const refused = await workspace.tierd('rotate', '--json');
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.stdout).toContain('POSTGRES_READ_ONLY');

    await primary.stop('fast');
    await replica.query('select pg_promote()');
    await said(daemon, /leading: jobs are started/);
    const hot = async (): Promise<unknown> =>
      (await replica.query('select count(*)::int as n from ticks')).rows;
    await expect.poll(hot, PATIENCE).toEqual([{ n: 50 }]);
    expect((await readiness(page)).text).not.toContain('the lease');
    await stopped(daemon);
  });
});

describe('default_transaction_read_only', () => {
  it('has the daemon stand by until it is off, and moves nothing meanwhile', async () => {
    const database = await databaseOn(await ownServer());
    await fillTicks(database, { dueDays: 1, rows: 50 });
    const scene = await makeDaemon(database, SECTIONS, TICKS);
    await readOnlyByDefault(database, true);
    const daemon = scene.run();
    await said(daemon, /standing by: PostgreSQL at .* is read-only for this role/);
    expect(await scene.hotRows('ticks')).toBe(100);
    await readOnlyByDefault(database, false);
    await said(daemon, /leading: jobs are started/);
    await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(50);
    await stopped(daemon);
  });

  it('ends commands that write with an error of its own, and is found by the doctor', async () => {
    const database = await databaseOn(await ownServer());
    await fillTicks(database, { dueDays: 1, rows: 50 });
    const { workspace } = await makeDaemon(database, SECTIONS, TICKS);
    await readOnlyByDefault(database, true);
    for (const argv of [['rotate'], ['migrate'], ['scrub'], ['jobs', 'pause', 'rotate']]) {
      const { exitCode, stdout } = await workspace.tierd(...argv, '--json');
      expect(exitCode, argv.join(' ')).toBe(1);
      expect(stdout, argv.join(' ')).toContain('POSTGRES_READ_ONLY');
    }
    expect((await workspace.tierd('rotate', '--dry-run')).exitCode).toBe(0);
    const { exitCode, stdout } = await workspace.tierd('doctor');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/postgres_primary: this server is read-only for this role/);
    expect(await database.query('select count(*)::int as n from ticks')).toMatchObject({
      rows: [{ n: 100 }],
    });
  });
});
