/** What lies in the far place and is not known to: found by an adoption, or altered while a near copy was there still. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { adopt } from '../../support/adopt.ts';
import { deleteFrom } from '../../support/delete.ts';
import { ageLake, expire } from '../../support/expire.ts';
import { copy, keysIn, localTarget } from '../../support/lake-copy.ts';
import { loseDatabase } from '../../support/lost-database.ts';
import { tier, withoutGrace } from '../../support/tiers.ts';
import { prove } from '../lake-copy/scene.ts';
import { openTierScene, rowsByDay, tiersOf } from './scene.ts';

/** Other bytes, and as many of them. */
async function alter(store: ObjectStore, key: string): Promise<void> {
  const path = store.locate(key);
  const bytes = await readFile(path);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
  await writeFile(path, bytes);
}

describe('a ledger that takes up a lake in two places', () => {
  it('knows what lies in both: rows that are deleted leave either', async () => {
    const { bench, dataset } = await openTierScene();
    await tier(bench, dataset);
    const lost = await loseDatabase(withoutGrace(bench));
    await lost.database.query(
      'create table ticks (time timestamptz primary key, symbol text, n int)',
    );
    const client = await lost.database.connect();
    expect(await adopt(lost.bench, [dataset])).toMatchObject({ isDone: true });
    expect(await tiersOf({ client })).toEqual({ near: 1, moving: 2 });
    await deleteFrom(lost.bench, dataset, 'true', { force: true, mayEmpty: true });
    // The next run of any job removes what was replaced.
    await tier(lost.bench, dataset);
    expect(await keysIn(bench.near)).toEqual([]);
    expect(await keysIn(bench.far)).toEqual([]);
  });

  it('knows what went far where it was set back to before that, though it lacks no segment', async () => {
    const scene = await openTierScene();
    const bench = withoutGrace(scene.bench);
    const { client, dataset } = scene;
    await tier(bench, dataset);
    await tier(bench, { ...dataset, farDays: 110 });
    await client.query(`update tierd.segments set tier = 'near', tier_since = null`);
    await client.query(`update tierd.lake set far_place = null`);
    expect(await adopt(bench, [dataset])).toMatchObject({ isDone: true });
    expect(await tiersOf(scene)).toEqual({ near: 1, far: 2 });
    expect((await client.query('select far_place from tierd.lake')).rows).toEqual([
      { far_place: bench.far.place },
    ]);
    expect(await rowsByDay(scene)).toEqual([100, 100, 100]);
    expect(await prove(bench)).toMatchObject({ provenRows: 300, incomplete: null });
  });
});

describe('a ledger that was set back to before segments went far, and was told of no adoption', () => {
  it('has what is replaced removed in both places', async () => {
    const scene = await openTierScene();
    const bench = withoutGrace(scene.bench);
    const { client, dataset } = scene;
    await tier(bench, dataset);
    await client.query(`update tierd.segments set tier = 'near', tier_since = null`);
    await deleteFrom(bench, dataset, 'true', { force: true, mayEmpty: true });
    await rotateDataset(bench.rooms, dataset, { force: true });
    expect(await keysIn(bench.near)).toEqual([]);
    expect(await keysIn(bench.far)).toEqual([]);
  });
});

describe('a far object that was altered', () => {
  it('I1: costs nothing while the near copy is there: that stays, and is read again', async () => {
    const scene = await openTierScene();
    const bench = withoutGrace(scene.bench);
    await tier(bench, scene.dataset);
    const [key = ''] = await keysIn(bench.far);
    await alter(bench.far, key);
    const outcome = await tier(bench, scene.dataset);
    expect(outcome).toMatchObject({ cleared: 1, failed: [{ key }] });
    expect(outcome.failed[0]?.reason).toContain('is not what was put there');
    expect(await keysIn(bench.near)).toContain(key);
    expect(await tiersOf(scene)).toEqual({ near: 1, moving: 1, far: 1 });
    expect(await rowsByDay(scene)).toEqual([100, 100, 100]);
  });

  it('is found by a scrub, which reads what queries read', async () => {
    const { bench, dataset } = await openTierScene();
    await tier(bench, dataset);
    const [key = ''] = await keysIn(bench.far);
    await alter(bench.far, key);
    const { bytes, provenRows } = await prove(bench);
    expect(bytes.altered.map(({ segment }) => segment.key)).toEqual([key]);
    expect(provenRows).toBe(200);
  });
});

describe('a far place that is lost for good', () => {
  it('may be given its note again by hand: jobs go on, and what lay there is told, and expires', async () => {
    const scene = await openTierScene();
    const { dataset, client, database } = scene;
    const bench = withoutGrace(scene.bench);
    await tier(bench, dataset);
    await tier(bench, dataset);
    await rm(bench.far.place, { recursive: true });
    const { rows } = await client.query<{ lake_id: string }>('select lake_id from tierd.lake');
    const of = rows[0]?.lake_id;
    const note = { tierdFar: 1, lakeId: 'by hand', of, ledgerId: 'by hand', since: '2026-01-01' };
    await nodeFileSystem.makeDirectory(bench.far.place);
    await bench.far.putSmallIfAbsent('_tierd_far.json', Buffer.from(JSON.stringify(note)));
    await rotateDataset(bench.rooms, dataset, { force: true });
    expect((await prove(bench)).bytes.missing).toHaveLength(2);
    expect((await copy(bench, await localTarget(bench))).bad).toHaveLength(2);
    await ageLake(database);
    await expire(bench, { ...dataset, coldDays: 95 }, { force: true });
    expect(await prove(bench)).toMatchObject({ provenRows: 100, bytes: { missing: [] } });
    await tier(bench, { ...dataset, farDays: 35 });
    expect(await keysIn(bench.far)).toHaveLength(1);
  });
});
