/** Old segments of a lake go to its far place: proven there, read there, and then no longer near. */
import { appendFile, readdir, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { openTieredStore } from '../../../src/lake/tiered-store.ts';
import { compact } from '../../support/compact.ts';
import { deleteFrom } from '../../support/delete.ts';
import { ageLake, expire } from '../../support/expire.ts';
import { keysIn } from '../../support/lake-copy.ts';
import { days, restore } from '../../support/restore.ts';
import { daysAgo } from '../../support/rotation.ts';
import { planTier, tier, withoutGrace } from '../../support/tiers.ts';
import { bring, liveKeys, prove } from '../lake-copy/scene.ts';
import { openTierScene, rowsByDay, tiersOf } from './scene.ts';

const counted = async (store: ObjectStore): Promise<number> => (await keysIn(store)).length;

describe('a lake in two places', () => {
  it('I1, I3: has old segments far, proven; the near copies go after the grace period, and each row is found once all the while', async () => {
    const scene = await openTierScene();
    const { bench, dataset } = scene;
    const keys = await liveKeys(scene);
    expect(await rowsByDay(scene)).toEqual([100, 100, 100]);

    expect(await tier(bench, dataset)).toMatchObject({ sent: 2, cleared: 0, failed: [] });
    expect(await tiersOf(scene)).toEqual({ near: 1, both: 2 });
    expect([await counted(bench.near), await counted(bench.far)]).toEqual([3, 2]);
    expect(await rowsByDay(scene)).toEqual([100, 100, 100]);
    expect(await prove(bench)).toMatchObject({ provenRows: 300, incomplete: null });

    // Within the grace period nothing else is to do.
    expect(await tier(bench, dataset)).toMatchObject({ sent: 0, cleared: 0 });
    expect(await tier(withoutGrace(bench), dataset)).toMatchObject({ sent: 0, cleared: 2 });
    expect(await tiersOf(scene)).toEqual({ near: 1, far: 2 });
    expect([await counted(bench.near), await counted(bench.far)]).toEqual([1, 2]);
    expect(await rowsByDay(scene)).toEqual([100, 100, 100]);
    expect(await prove(bench)).toMatchObject({ provenRows: 300, incomplete: null });
    expect(await keysIn(bench.rooms.store)).toEqual(keys);
    expect(await readdir(bench.far.stagingRoot).catch(() => [])).toEqual([]);
  });

  it('is one lake to whatever job works on it, and nothing is left over in either place', async () => {
    const scene = await openTierScene();
    const bench = withoutGrace(scene.bench);
    const { dataset, database } = scene;
    await tier(bench, dataset);
    await tier(bench, dataset);

    // Rows that come late for a day that lies far, and rows that go back into their table.
    await database.query(`insert into ticks values ($1, 's9', 900)`, [daysAgo(119)]);
    await database.query(
      `insert into ticks select $1::timestamptz + n * interval '1 minute', 's1', -n from generate_series(0, 9) n`,
      [daysAgo(120)],
    );
    await rotateDataset(bench.rooms, dataset, { force: true });
    expect(await prove(bench)).toMatchObject({ provenRows: 301, incomplete: null });
    await deleteFrom(bench, dataset, 'n = 50', { now: true });
    expect(await prove(bench)).toMatchObject({ provenRows: 298, incomplete: null });
    await compact(bench, dataset, undefined, Date.parse('2100-01-01'));
    expect(await prove(bench)).toMatchObject({ provenRows: 298, incomplete: null });
    await restore(bench, dataset, days(101, 100));
    await tier(bench, dataset);
    await tier(bench, dataset);
    await ageLake(database);
    await expire(bench, { ...dataset, coldDays: 110 }, { force: true });
    await tier(bench, dataset);
    await bring({ ...scene, bench }, 35);

    expect(await keysIn(bench.rooms.store)).toEqual(await liveKeys(scene));
    expect(await prove(bench)).toMatchObject({ incomplete: null, bytes: { missing: [] } });
    const known = new Set(await liveKeys(scene));
    for (const store of [bench.near, bench.far]) {
      expect((await keysIn(store)).filter((key) => !known.has(key))).toEqual([]);
    }
  });

  it('I7: a plan changes nothing in either place', async () => {
    const { bench, dataset, client } = await openTierScene();
    const ledger = async () =>
      (await client.query('select object_key, tier, tier_since from tierd.segments order by 1'))
        .rows;
    const before = await ledger();
    expect(await planTier(bench, dataset)).toMatchObject({
      due: [{ rows: 100 }, { rows: 100 }],
      needless: [],
    });
    expect(await ledger()).toEqual(before);
    expect(await readdir(bench.far.place).catch(() => [])).toEqual([]);
    expect((await client.query('select far_place from tierd.lake')).rows).toEqual([
      { far_place: null },
    ]);
  });

  it('is in the audit log, with the segments that went', async () => {
    const { bench, dataset, client } = await openTierScene();
    await tier(bench, dataset);
    const { rows } = await client.query<{ entry: unknown }>(
      `select entry::jsonb as entry from tierd.audit where entry::jsonb ->> 'action' = 'sent_far'`,
    );
    expect(rows).toMatchObject([
      {
        entry: {
          ...{ dataset: 'ticks', rows: '200', segments: 2, far: bench.far.place },
          ranges: [{ from: daysAgo(120), to: daysAgo(99) }],
        },
      },
    ]);
  });

  it('keeps near what is damaged there, says so, and sends the others', async () => {
    const scene = await openTierScene();
    const { bench, dataset } = scene;
    const [key = ''] = await liveKeys(scene);
    await appendFile(bench.near.locate(key), 'x');
    const told: string[] = [];
    const outcome = await tier(bench, dataset, (event) => {
      if (event.kind === 'failed') told.push(event.key);
    });
    expect(outcome).toMatchObject({ sent: 1, failed: [{ key }] });
    expect(told).toEqual([key]);
    expect(await keysIn(bench.far)).not.toContain(key);
  });

  it('I3: is halted by a far object with other bytes, and overwrites nothing', async () => {
    const scene = await openTierScene();
    const { bench, dataset } = scene;
    await tier(bench, { ...dataset, farDays: 110 });
    const [old = '', next = ''] = await liveKeys(scene);
    await bench.far.putSmallIfAbsent(next, new Uint8Array(10));
    await expect(tier(bench, dataset)).rejects.toMatchObject({ code: 'OBJECT_CONFLICT' });
    expect(await bench.far.stat(next)).toEqual({ bytes: 10 });
    expect(await tiersOf(scene)).toEqual({ near: 1, moving: 1, both: 1 });
    expect(await keysIn(bench.near)).toContain(old);
  });

  it('I1: removes no near copy of what the far place has lost', async () => {
    const scene = await openTierScene();
    const bench = withoutGrace(scene.bench);
    const { dataset } = scene;
    await tier(bench, dataset);
    const [key = ''] = await keysIn(bench.far);
    await rm(bench.far.locate(key));
    const outcome = await tier(bench, dataset);
    expect(outcome).toMatchObject({ cleared: 1, failed: [{ key }] });
    expect(outcome.failed[0]?.reason).toContain('is not there any more');
    expect(await bench.near.stat(key)).not.toBeNull();
    expect(await rowsByDay(scene)).toEqual([100, 100, 100]);
    // And goes there again.
    expect(await tier(bench, dataset)).toMatchObject({ sent: 1, failed: [] });
    expect(await prove(bench)).toMatchObject({ provenRows: 300 });
  });

  it('sends nothing where that would leave less free than is to stay free', async () => {
    const scene = await openTierScene();
    const failure = tier(scene.bench, scene.dataset, undefined, 1e18);
    await expect(failure).rejects.toMatchObject({ code: 'LAKE_FULL' });
    await expect(failure).rejects.toThrow('2 segments that are to be copied there');
    expect(await keysIn(scene.bench.far)).toEqual([]);
    expect(await tiersOf(scene)).toEqual({ near: 3 });
  });

  it('finds in the far place what a ledger that was set back takes for near', async () => {
    const scene = await openTierScene();
    const bench = withoutGrace(scene.bench);
    await tier(bench, scene.dataset);
    await tier(bench, scene.dataset);
    await scene.client.query(`update tierd.segments set tier = 'near', tier_since = null`);
    expect(await rowsByDay(scene)).toEqual([100, 100, 100]);
    expect(await prove(bench)).toMatchObject({ provenRows: 300 });
    expect(await tier(bench, scene.dataset)).toMatchObject({ sent: 2, failed: [] });
    expect(await tier(bench, scene.dataset)).toMatchObject({ cleared: 2, failed: [] });
    expect(await tiersOf(scene)).toEqual({ near: 1, far: 2 });
  });

  it('misses nothing in a list that is made while segments go', async () => {
    const { bench, dataset } = await openTierScene();
    await tier(bench, dataset);
    const store = openTieredStore(bench.near, bench.far);
    const found: string[] = [];
    for await (const { key } of store.list('')) {
      if (found.length === 0) await tier(withoutGrace(bench), dataset);
      found.push(key);
    }
    expect(found).toHaveLength(3);
  });
});
