/** The server's synchronous standby is dead: every COMMIT waits, and nothing of PostgreSQL ends that. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { checkHotStore } from '../../src/hot/doctor/doctor-checks.ts';
import { connect, disconnect } from '../../src/hot/server/connect.ts';
import type { WaitRules } from '../../src/hot/server/standby-wait.ts';
import { inTransaction } from '../../src/hot/transaction.ts';
import { listRuns } from '../../src/ledger/runs.ts';
import { disturbedAt } from '../integration/faults/disturb.ts';
import {
  dueRows,
  expectConverged,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
} from '../integration/faults/scene.ts';
import { fillTicks, makeDaemon, said } from '../support/daemon.ts';
import { databaseOn } from '../support/own-database.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server.remove();
});

/** Until the test has finished, or says that it is back. */
async function standbyDies({ database }: Pick<Scene, 'database'>): Promise<() => Promise<void>> {
  const comesBack = async (): Promise<void> => {
    await setNames(database, '');
  };
  onTestFinished(comesBack);
  await setNames(database, 'ghost');
  return comesBack;
}

async function setNames(database: Scene['database'], names: string): Promise<void> {
  await database.query(`alter system set synchronous_standby_names = '${names}'`);
  await database.query('select pg_reload_conf()');
  const now = 'show synchronous_standby_names';
  await expect
    .poll(async () => (await database.query(now)).rows[0])
    .toEqual({ synchronous_standby_names: names });
}

/** Rooms whose waits are given up soon, and what they said. */
function shortWaits(
  scene: Scene,
  more: Partial<WaitRules> = {},
): { rooms: Scene['rooms']; told: string[] } {
  const told: string[] = [];
  const waits: WaitRules = { limitMs: 4_000, tell: (text) => told.push(text), ...more };
  const { url } = scene.database;
  const rooms = { ...scene.rooms, connect: () => connect({ url, job: 'test', waits }) };
  return { rooms, told };
}

it('a rotation says what its first commit waits for, gives up, and leaves no lease behind', async () => {
  const scene = await openScene({ database: await databaseOn(server) });
  const comesBack = await standbyDies(scene);
  const { rooms, told } = shortWaits(scene);
  const failure = await failureOf(rotateForced(rooms, scene.dataset));
  expect(failure).toMatchObject({ code: 'STANDBY_SILENT', exitCode: 1, retry: true });
  expect(failure.message).toContain("synchronous_standby_names is 'ghost'");
  expect(told).toEqual([expect.stringContaining('none of them is connected')]);
  expect(await dueRows(scene)).toBe(80);
  await comesBack();
  // At once: a lease that is left would last a minute, and be LEASE_HELD.
  await rotateForced(scene.rooms, scene.dataset);
  await expectConverged(scene);
});

it('the commit that deletes: what it did is looked up, counted, and the run ends (I1, I9)', async () => {
  const scene = await openScene({ database: await databaseOn(server) });
  const { rooms } = shortWaits(scene);
  let comesBack = async (): Promise<void> => undefined;
  const disturbed = disturbedAt({ ...scene, rooms }, 'committing', async () => {
    comesBack = await standbyDies(scene);
  });
  const failure = await failureOf(rotateForced(disturbed, scene.dataset));
  expect(failure).toMatchObject({ code: 'STANDBY_SILENT', exitCode: 4 });
  expect(failure.message).toContain('before that 1 of');
  await expectNothingLost(scene);
  await comesBack();
  const [run] = await listRuns(scene.client, { dataset: scene.dataset.name, limit: 1 });
  expect(run).toMatchObject({ state: 'partly', errorCode: 'STANDBY_SILENT' });
  expect(run?.rowsMoved).toBeGreaterThan(0n);
  await expectConverged(scene);
});

it('Ctrl-C ends the wait, whatever its limit', async () => {
  const scene = await openScene({ database: await databaseOn(server) });
  await standbyDies(scene);
  const interrupt = new AbortController();
  const { rooms } = shortWaits(scene, {
    limitMs: 3_600_000,
    signal: interrupt.signal,
    tell: () => {
      interrupt.abort();
    },
  });
  const failure = await failureOf(
    rotateForced({ ...rooms, signal: interrupt.signal }, scene.dataset),
  );
  expect(failure.code).toBe('STANDBY_SILENT');
});

it('Ctrl-C ends a wait for a lock that somebody holds on the ledger', async () => {
  const scene = await openScene({ database: await databaseOn(server) });
  const holder = await scene.database.connect();
  await holder.query('begin; lock table tierd.leases in access exclusive mode');
  const interrupt = new AbortController();
  const { rooms } = shortWaits(scene, { signal: interrupt.signal });
  const failing = failureOf(rotateForced({ ...rooms, signal: interrupt.signal }, scene.dataset));
  const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock'
    and application_name = 'tierd/test' and datname = current_database()`;
  await expect.poll(async () => (await scene.client.query(waiting)).rowCount).toBe(1);
  interrupt.abort();
  expect(await failing).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
  await holder.query('rollback');
  await holder.end();
  expect(await dueRows(scene)).toBe(80);
});

it('a wait that somebody else cancels is no success: the drain must not tell Redis (I5)', async () => {
  const scene = await openScene({ database: await databaseOn(server) });
  const comesBack = await standbyDies(scene);
  const { url } = scene.database;
  const client = await connect({ url, job: 'test', waits: { limitMs: 3_600_000 } });
  const options = { doing: 'writing', isolation: 'read committed', readOnly: false } as const;
  const failing = failureOf(
    inTransaction(client, options, () => client.query('create table public.written (id int)')),
  );
  const cancel = `select pg_cancel_backend(pid) from pg_stat_activity
    where wait_event = 'SyncRep' and application_name = 'tierd/test'`;
  await expect.poll(async () => (await scene.client.query(cancel)).rowCount).toBe(1);
  expect((await failing).code).toBe('STANDBY_SILENT');
  await disconnect(client);
  expect((await scene.client.query('select * from public.written')).rows).toEqual([]);
  await comesBack();
});

it('doctor and status name the standby that is missing', async () => {
  const database = await databaseOn(server);
  const { workspace } = await makeDaemon(database, '');
  await fillTicks(database, { dueDays: 1, rows: 3 });
  await standbyDies({ database });
  const checks = await checkHotStore({
    url: database.url,
    directUrl: database.url,
    connectTimeoutMs: 5_000,
    datasets: [],
    clock: { now: Date.now },
    coldRanges: () => Promise.resolve([]),
    sources: 0,
  });
  expect(checks.find(({ name }) => name === 'synchronous_standbys')).toMatchObject({
    status: 'error',
    found: expect.stringContaining("'ghost'"),
  });
  const status = await workspace.tierd('status');
  expect(status.stdout).toContain("synchronous_standby_names is 'ghost'");
});

it('SIGTERM ends the program while it waits, and the log has said for what', async () => {
  const database = await databaseOn(server);
  const { workspace } = await makeDaemon(database, '');
  await fillTicks(database, { dueDays: 1, rows: 3 });
  await standbyDies({ database });
  const rotation = workspace.start('rotate');
  await said(rotation, 'waits for a synchronous standby');
  rotation.child.kill('SIGTERM');
  expect(await rotation.ended).toBe(1);
  expect(rotation.stderr()).toContain('STANDBY_SILENT');
});
