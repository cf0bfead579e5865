/** A lease that is lost in the middle: the loser commits nothing, the winner clears up (I8). */
import { copyFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { connect } from '../../../src/hot/server/connect.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { strayFiles } from '../../crash/check.ts';
import { NOW } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { openProxy } from '../../support/tcp-proxy.ts';
import { boundTo, disturbedAt } from './disturb.ts';
import {
  dueRows,
  expectConverged,
  expectNothingLeftOver,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
  type SceneOptions,
} from './scene.ts';

/** As another process that finds the lease run out takes it. */
async function takeOver({ database, dataset }: Scene): Promise<void> {
  await database.query(
    `update tierd.leases set token = token + 1, holder = 'winner', expires_at = clock_timestamp()
     where dataset = $1`,
    [dataset.name],
  );
}

const SLOW_ROWS = 20_000;

/**
 * A rotation under a lease that lasts a moment, whose first slice takes five seconds to export: it
 * is the oldest, so that nothing is committed before it.
 */
async function slowed(scene: Scene): Promise<Pick<Scene, 'rooms' | 'dataset'>> {
  const day = new Date(NOW - 40 * DAY_MS).toISOString();
  await scene.database.query(
    `insert into ${scene.dataset.name}
     select $1::timestamptz, 'x', n, 0, 1 from generate_series(1000000, $2::int) n`,
    [day, 1_000_000 + SLOW_ROWS - 1],
  );
  for (let n = 0; n < SLOW_ROWS; n += 1) scene.truth.set(String(1_000_000 + n), 0);
  const startedAt = performance.now();
  const clock = { now: () => NOW + performance.now() - startedAt };
  const settings = { ...scene.rooms.settings, leaseTtlMs: 150 };
  const limits = { ...scene.dataset.limits, maxRowsPerSecond: 4_000 };
  return {
    rooms: { ...scene.rooms, settings, clock },
    dataset: { ...scene.dataset, limits },
  };
}

function lostAt(kind: NonNullable<SceneOptions['kind']>): void {
  it.each(['exporting', 'publishing', 'verifying', 'committing'] as const)(
    `of a ${kind} table while %s: nothing is committed, and what it left is swept by the next (I4, I8)`,
    async (moment) => {
      const scene = await openScene({ kind });
      const failure = await failureOf(
        rotateForced(
          disturbedAt(scene, moment, () => takeOver(scene)),
          scene.dataset,
        ),
      );
      expect(failure).toMatchObject({ code: 'LEASE_LOST', exitCode: 5 });
      expect(await dueRows(scene)).toBe(80);
      await expectNothingLost(scene);
      // It is the winner's now to look at and to remove; the loser has no say any more.
      expect(await strayFiles(scene.client, scene.dataset.name, scene.bench.lake)).not.toEqual([]);
      const runs = await listRuns(scene.client, { dataset: scene.dataset.name, limit: 1 });
      expect(runs[0]).toMatchObject({ errorCode: 'LEASE_LOST' });
      const { recovered } = await expectConverged(scene);
      expect(recovered.moves).toBeGreaterThan(0);
    },
  );
}

describe('a lease that is lost', () => {
  lostAt('plain');

  it('is noticed by its renewal, also while nothing else asks (I8)', async () => {
    const scene = await openScene();
    const { rooms, dataset } = await slowed(scene);
    let taking: Promise<void> | null = null;
    let exported = 0;
    const emit: Rooms['emit'] = (event) => {
      if (event.kind !== 'exported') return;
      exported += event.rows;
      taking ??= takeOver(scene);
    };
    const failure = await failureOf(rotateForced({ ...rooms, emit }, dataset));
    expect(failure).toMatchObject({ code: 'LEASE_LOST', exitCode: 5 });
    expect(exported).toBeLessThan(SLOW_ROWS);
    await expectNothingLost(scene);
    await expectConverged(scene);
  });

  it('for its renewals meet silence is given up in time, and the run does not hang (I8)', async () => {
    const scene = await openScene();
    const proxy = await openProxy(scene.database.url);
    proxy.onStatement((sql) =>
      sql.includes('set expires_at = clock_timestamp() +') ? 'stall' : 'pass',
    );
    const { rooms, dataset } = await slowed(scene);
    let exported = 0;
    const through: Rooms = {
      ...rooms,
      emit: (event) => {
        if (event.kind === 'exported') exported += event.rows;
      },
      connect: (purpose) =>
        purpose === 'work' ? rooms.connect(purpose) : connect({ url: proxy.url, job: 'test' }),
    };
    const failure = await failureOf(rotateForced(through, dataset));
    expect(failure).toMatchObject({ code: 'LEASE_LOST', exitCode: 5 });
    expect(exported).toBeLessThan(SLOW_ROWS);
    await expectNothingLost(scene);
    await expectConverged(scene);
  });

  it.each(['delete from', 'copy ('])(
    'for all lines went silent at %j ends the run, which does not wait for TCP (I8, I9)',
    async (moment) => {
      const scene = await openScene();
      const proxy = await openProxy(scene.database.url);
      let isSilent = false;
      proxy.onStatement((sql) => {
        isSilent ||= sql.includes(moment);
        return isSilent ? 'stall' : 'pass';
      });
      const rooms: Rooms = {
        ...scene.rooms,
        settings: { ...scene.rooms.settings, leaseTtlMs: 1_000 },
        connect: () => connect({ url: proxy.url, job: 'test' }),
      };
      const failure = await failureOf(rotateForced(rooms, scene.dataset));
      expect(failure).toMatchObject({ code: 'LEASE_LOST', exitCode: 5 });
      await expectNothingLost(scene);
      await expectConverged(scene);
    },
    60_000,
  );

  it('leaves nothing live when its old holder publishes after the winner is through (I3, I8)', async () => {
    const scene = await openScene();
    let winning: Promise<unknown> | null = null;
    const win = async (): Promise<void> => {
      await takeOver(scene);
      await rotateForced(scene.rooms, scene.dataset);
    };
    const zombie = disturbedAt(scene, 'publishing', () => (winning ??= win()));
    const failure = await failureOf(rotateForced(zombie, scene.dataset));
    expect(['LEASE_LOST', 'MOVE_NOT_OURS']).toContain(failure.code);
    expect(failure.exitCode).toBe(5);
    expect(await dueRows(scene)).toBe(0);
    await expectNothingLost(scene);
    await expectConverged(scene);
  });

  it('leaves nothing over when its old holder brings an object into being long afterwards (I4, I8)', async () => {
    const scene = await openScene();
    const { store } = scene.rooms;
    const held: (() => Promise<unknown>)[] = [];
    const late: ObjectStore = {
      ...boundTo(store),
      putIfAbsent: async (key, path, facts) => {
        // What the dead disk had taken in turns up later, whoever asks for it.
        const copy = `${scene.bench.directory}/late-${String(held.length)}`;
        await copyFile(path, copy);
        held.push(() => store.putIfAbsent(key, copy, facts));
        await takeOver(scene);
        throw new Error('the disk does not answer');
      },
    };
    await failureOf(rotateForced({ ...scene.rooms, store: late }, scene.dataset));
    await rotateForced(scene.rooms, scene.dataset);
    for (const publish of held) await publish();
    await expectNothingLost(scene);
    expect(await strayFiles(scene.client, scene.dataset.name, scene.bench.lake)).not.toEqual([]);
    await rotateForced(scene.rooms, scene.dataset);
    await expectNothingLost(scene);
    await expectNothingLeftOver(scene);
  });
});

describeOn('timescale', 'a lease that is lost, dropping chunks', () => {
  lostAt('hypertable');
});
