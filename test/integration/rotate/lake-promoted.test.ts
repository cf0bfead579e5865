/** I12: a standby that was promoted is the successor of its primary, or a copy: PostgreSQL's timeline tells. */
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { runInside } from '../../support/cli.ts';
import { directoryWith } from '../../support/config-file.ts';
import { fillTicks } from '../../support/daemon.ts';
import type { TestDatabase } from '../../support/database.ts';
import { databaseOn } from '../../support/own-database.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts';
import { describeOn } from '../../support/servers.ts';
import { startStandby } from '../../support/standby.ts';

async function ownServer(): Promise<PostgresServer> {
  const server = await startPostgres();
  onTestFinished(() => server.remove());
  return server;
}

/** What is asked of a server, with one lake for all. */
type Tierd = (...argv: string[]) => ReturnType<typeof runInside>;

async function makeScene() {
  const primary = await ownServer();
  const database = await databaseOn(primary);
  await fillTicks(database, { dueDays: 2, rows: 50 });
  const lake = directoryWith({});
  const on = (url: string): Tierd => {
    const directory = directoryWith({
      'tierd.yaml': `
postgres: { url: "${url}" }
lake: { type: local, path: "${lake}", min_free: 0MB }
storage: { lifecycle: { guards: { max_share: 1 } } }
datasets: { ticks: { time_column: ts } }`,
    });
    return (...argv) =>
      runInside(['--config', `${directory}/tierd.yaml`, ...argv], { clock: Date });
  };
  const tierd = on(database.url);
  expect(await tierd('migrate')).toMatchObject({ exitCode: 0 });
  return { primary, database, on, tierd };
}

async function promotedCopyOf(
  primary: PostgresServer,
  database: TestDatabase,
): Promise<{ readonly url: string }> {
  const standby = await startStandby(primary);
  onTestFinished(() => standby.remove());
  const url = new URL(standby.url);
  url.pathname = new URL(database.url).pathname;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const { rows } = await client.query('select pg_promote(true, 600) as done');
  await client.end();
  expect(rows).toEqual([{ done: true }]);
  return { url: url.href };
}

describeOn('pg_dump', 'a server that was promoted', () => {
  it('I12: is refused the lake until a person says that it is the successor; then its primary is', async () => {
    const { primary, database, on, tierd } = await makeScene();
    expect(await tierd('rotate')).toMatchObject({ exitCode: 0 });
    await fillTicks(database, { dueDays: 1, rows: 50 });
    const copy = on((await promotedCopyOf(primary, database)).url);
    for (const argv of [['rotate'], ['rotate', '--dry-run'], ['scrub'], ['doctor'], ['status']]) {
      const { exitCode, stdout, stderr } = await copy(...argv);
      expect(exitCode, argv.join(' ')).not.toBe(0);
      expect(stdout + stderr, argv.join(' ')).toMatch(/was promoted since/);
    }
    // The original goes on meanwhile.
    expect(await tierd('status')).toMatchObject({ exitCode: 0 });

    expect(await copy('lake', 'take-over', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await copy('rotate')).toMatchObject({ exitCode: 0 });
    const refused = await tierd('rotate');
    expect(refused.stderr).toContain('LAKE_NOT_OWNED');
    expect(await copy('status')).toMatchObject({ exitCode: 0 });
  });

  it('I12: goes on with the lake where the ledger was told to follow promotions', async () => {
    const { primary, database, on, tierd } = await makeScene();
    const tooEarly = await tierd('lake', 'promotions', 'follow');
    expect(tooEarly.stderr).toContain('REFUSED');
    expect(await tierd('rotate')).toMatchObject({ exitCode: 0 });
    await fillTicks(database, { dueDays: 1, rows: 50 });
    expect(await tierd('lake', 'promotions', 'follow')).toMatchObject({ exitCode: 0 });
    const copy = on((await promotedCopyOf(primary, database)).url);
    await primary.stop('fast');
    expect(await copy('rotate')).toMatchObject({ exitCode: 0 });
    expect(await copy('lake', 'promotions', 'ask')).toMatchObject({ exitCode: 0 });
    expect(await copy('status')).toMatchObject({ exitCode: 0 });
  });

  it('I12: a ledger from before timelines were noted notes its own with the next rotation', async () => {
    const { primary, database, on, tierd } = await makeScene();
    expect(await tierd('rotate')).toMatchObject({ exitCode: 0 });
    await database.query('update tierd.lake set timeline = null');
    expect(await tierd('rotate')).toMatchObject({ exitCode: 0 });
    const copy = on((await promotedCopyOf(primary, database)).url);
    expect((await copy('rotate')).stderr).toMatch(/was promoted since/);
  });
});
