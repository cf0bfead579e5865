/** A real streaming standby that falls behind. */
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import type { Dataset } from '../../src/domain/dataset.ts';
import { connect } from '../../src/hot/server/connect.ts';
import { planRotationOf } from '../../src/jobs/rotate.ts';
import { listRuns } from '../../src/ledger/runs.ts';
import { disturbedAt } from '../integration/faults/disturb.ts';
import {
  dueRows,
  expectConverged,
  expectNothingLeftOver,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
} from '../integration/faults/scene.ts';
import { databaseOn } from '../support/own-database.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { describeOn } from '../support/servers.ts';
import { startStandby } from '../support/standby.ts';

/** What the plan says to a role that sees the table and the ledger, and no replica. */
async function notesForOutsider(
  { rooms, database }: Scene,
  dataset: Dataset,
): Promise<readonly string[]> {
  await database.query(
    `create role outsider login;
     grant usage on schema tierd to outsider;
     grant select on all tables in schema tierd, public to outsider`,
  );
  const url = new URL(database.url);
  url.username = 'outsider';
  const connectAsOutsider = (): Promise<pg.Client> => connect({ url: url.href, job: 'test' });
  return (await planRotationOf({ ...rooms, connect: connectAsOutsider }, dataset)).notes;
}

describeOn('pg_dump', 'a replica that lags', () => {
  it('stops the rotation before the next commit; what was done stays done (I1)', async () => {
    const primary = await startPostgres();
    onTestFinished(() => primary.remove());
    const standby = await startStandby(primary);
    onTestFinished(() => standby.remove());
    const replica = new pg.Client({ connectionString: standby.url });
    await replica.connect();
    onTestFinished(() => replica.end());

    const scene = await openScene({ database: await databaseOn(primary) });
    const { database } = scene;
    const lagMs = async (): Promise<number> => {
      await database.query('select pg_logical_emit_message(true, $1, $1)', ['tick']);
      const found = await database.query(
        'select coalesce(extract(epoch from replay_lag) * 1000, 0)::float8 as lag from pg_stat_replication',
      );
      return (found.rows[0] as { lag: number } | undefined)?.lag ?? 0;
    };
    const limits = { ...scene.dataset.limits, maxReplicaLagMs: 1_000 };
    const dataset = { ...scene.dataset, limits };
    const hidden = expect.stringContaining('the lag of 1 of 1 replicas is hidden from this role');
    expect(await notesForOutsider(scene, dataset)).toContainEqual(hidden);
    expect((await planRotationOf(scene.rooms, dataset)).notes).not.toContainEqual(hidden);
    let moves = 0;
    const rooms = disturbedAt(scene, 'verifying', async () => {
      moves += 1;
      if (moves !== 2) return;
      await expect.poll(lagMs).toBeGreaterThan(0);
      await replica.query('select pg_wal_replay_pause()');
      await expect.poll(lagMs, { timeout: 30_000, interval: 100 }).toBeGreaterThan(1_500);
    });
    const failure = await failureOf(rotateForced(rooms, dataset));
    expect(failure).toMatchObject({ code: 'REPLICA_LAGS', exitCode: 4 });
    expect(failure.message).toContain('limit max_replica_lag: 1 s');
    expect(await dueRows(scene)).toBe(40);
    await expectNothingLost(scene);
    await expectNothingLeftOver(scene);
    const runs = await listRuns(scene.client, { dataset: dataset.name, limit: 1 });
    expect(runs[0]).toMatchObject({ state: 'partly', rowsMoved: 40n, errorCode: 'REPLICA_LAGS' });

    await replica.query('select pg_wal_replay_resume()');
    await expect.poll(lagMs).toBeLessThan(1_000);
    await expectConverged({ ...scene, dataset });
  });
});
