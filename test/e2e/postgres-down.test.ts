/** PostgreSQL goes away in the middle of a rotation, and comes back. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TierdError } from '../../src/domain/errors.ts';
import type { Rooms } from '../../src/jobs/rotation/rooms.ts';
import {
  dueRows,
  expectConverged,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
} from '../integration/faults/scene.ts';
import { databaseOn } from '../support/own-database.ts';
import { type PostgresServer, type StopMode, startPostgres } from '../support/postgres-server.ts';
import { daysAgo, NOW } from '../support/rotation.ts';

let server: PostgresServer;

beforeAll(async () => {
  // What was committed must survive a kill -9 here.
  server = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on' } });
});

afterAll(async () => {
  await server.remove();
});

const ROWS = 20_000;

/** A scene with so many rows that an export takes its time. */
async function openSlowScene(): Promise<Scene> {
  const scene = await openScene({ database: await databaseOn(server) });
  await scene.database.query(
    `insert into ${scene.dataset.name}
     select $1::timestamptz, 'x', n, 0, 1 from generate_series(1000000, $2::int) n`,
    [daysAgo(33), 1_000_000 + ROWS - 1],
  );
  for (let n = 0; n < ROWS; n += 1) scene.truth.set(String(1_000_000 + n), 0);
  return scene;
}

/** After a restart the scene's own connection is gone. */
const reconnected = async (scene: Scene): Promise<Scene> => {
  const client = await scene.database.connect();
  onTestFinished(() => client.end());
  return { ...scene, client };
};

const shortLease = (rooms: Rooms): Rooms => ({
  ...rooms,
  settings: { ...rooms.settings, leaseTtlMs: 2_000, lockTimeoutMs: 20_000 },
});

/** Which of the two depends on whether a COMMIT of the ledger's was on its way just then (I9), or a connection being opened. */
function expectCutOff(failure: TierdError): void {
  expect(['POSTGRES_UNREACHABLE', 'OUTCOME_UNKNOWN']).toContain(failure.code);
  // The first day may have been moved by then: that is partly done.
  expect([1, 4]).toContain(failure.exitCode);
  expect(failure.hint).toMatch(/run (again|the same command again)|check host and port/);
}

describe.each(['fast', 'immediate', 'kill'] satisfies StopMode[])(
  'a PostgreSQL that is stopped (%s)',
  (mode) => {
    it('while rows are exported: nothing is lost, and the next run goes on (I1, I4)', async () => {
      const scene = await openSlowScene();
      const limits = { ...scene.dataset.limits, maxRowsPerSecond: 10_000 };
      const stopping: { done?: Promise<void> } = {};
      const startedAt = performance.now();
      const rooms: Rooms = {
        ...shortLease(scene.rooms),
        clock: { now: () => NOW + performance.now() - startedAt },
        emit(event) {
          // Not at the first day, which is small and over at once.
          if (event.kind === 'exported' && event.rows > 1_000) stopping.done ??= server.stop(mode);
        },
      };
      const failure = await failureOf(rotateForced(rooms, { ...scene.dataset, limits }));
      // Started again whatever was found: the tests that follow need it.
      await stopping.done;
      await server.start();
      expectCutOff(failure);
      const after = await reconnected(scene);
      await expectNothingLost(after);
      await expectConverged(after);
    });

    it('while rows are deleted: nothing is lost, and the next run goes on (I1, I4)', async () => {
      const scene = await openScene({ database: await databaseOn(server) });
      const holder = await scene.database.connect();
      await holder.query(`begin; select 1 from ${scene.dataset.name} where id = 5 for update`);
      const running = failureOf(rotateForced(shortLease(scene.rooms), scene.dataset));
      const waiting = `select 1 from pg_stat_activity
        where query like '%delete from%' and wait_event_type = 'Lock' and datname = current_database()`;
      await expect.poll(async () => (await scene.client.query(waiting)).rowCount).toBe(1);
      await server.stop(mode);
      const failure = await running;
      await server.start();
      expectCutOff(failure);
      const after = await reconnected(scene);
      expect(await dueRows(after)).toBe(80);
      await expectNothingLost(after);
      await expectConverged(after);
    });
  },
);
