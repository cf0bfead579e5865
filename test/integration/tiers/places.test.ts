/** Which far place is a lake's, and what becomes of a lake whose far place is away, another, or not configured any more. */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TierdError } from '../../../src/domain/errors.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { lookAtLake } from '../../../src/jobs/rotation/own-lake.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { adopt } from '../../support/adopt.ts';
import { compact } from '../../support/compact.ts';
import { expire } from '../../support/expire.ts';
import { benchAt, copy, keysIn, localTarget, switchTo } from '../../support/lake-copy.ts';
import { benchOn, loseDatabase } from '../../support/lost-database.ts';
import { openSurvey } from '../../support/surveying.ts';
import { planTier, tier, withFar, withoutGrace } from '../../support/tiers.ts';
import { boundTo } from '../faults/disturb.ts';
import { bring, liveKeys, openScene, prove } from '../lake-copy/scene.ts';
import { openTierScene, rowsByDay, type TierScene, tiersOf } from './scene.ts';

/** Two segments lie far alone. */
async function openSplit(): Promise<TierScene> {
  const scene = await openTierScene();
  const bench = withoutGrace(scene.bench);
  await tier(bench, scene.dataset);
  await tier(bench, scene.dataset);
  return { ...scene, bench };
}

const placeAt = (directory: string): Promise<ObjectStore> =>
  openLocalStore(directory, nodeFileSystem);

/** A far place that does not answer while `isAway()`. */
function awayWhile(inner: ObjectStore, isAway: () => boolean): ObjectStore {
  const bound = boundTo(inner);
  const assertThere = (): void => {
    if (!isAway()) return;
    throw new TierdError({ code: 'LAKE_UNREACHABLE', message: 'the far place does not answer' });
  };
  return {
    ...bound,
    async stat(key) {
      assertThere();
      return bound.stat(key);
    },
    async *read(...asked) {
      assertThere();
      yield* bound.read(...asked);
    },
    async *list(...asked) {
      assertThere();
      yield* bound.list(...asked);
    },
    async remove(key) {
      assertThere();
      return bound.remove(key);
    },
    async readable(...asked) {
      assertThere();
      return bound.readable(...asked);
    },
    async putIfAbsent(...asked) {
      assertThere();
      return bound.putIfAbsent(...asked);
    },
    async putSmallIfAbsent(...asked) {
      assertThere();
      return bound.putSmallIfAbsent(...asked);
    },
  };
}

describe('the far place of a lake', () => {
  it('I12: is refused where it is the lake itself, another lake, that of another lake, or not empty', async () => {
    const { bench, dataset } = await openTierScene();
    const other = await openTierScene();
    await tier(other.bench, other.dataset);
    const strange = await placeAt(join(bench.directory, 'strange'));
    const within = await placeAt(join(bench.near.place, 'far'));
    await strange.putSmallIfAbsent('somebody.txt', new Uint8Array(3));
    for (const [place, reason] of [
      [bench.near, 'is the near place of the lake'],
      [other.bench.near, 'is another lake of tierd'],
      [other.bench.far, 'is the far place of the lake'],
      [strange, 'is not empty: somebody.txt lies there'],
      [within, 'lies within the lake'],
    ] as const) {
      const before = await keysIn(place);
      const failure = tier(await withFar(bench, place), dataset);
      await expect(failure).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });
      await expect(failure).rejects.toThrow(reason);
      expect(await keysIn(place)).toEqual(before);
    }
    expect(await prove(other.bench)).toMatchObject({ provenRows: 300 });
  });

  it('I12: is no lake to anybody else', async () => {
    const { bench, dataset } = await openSplit();
    const asLake = { ...bench, rooms: { ...bench.rooms, store: bench.far } };
    await expect(rotateDataset(asLake.rooms, dataset, { force: true })).rejects.toMatchObject({
      code: 'LAKE_NOT_THE_SAME',
    });
    const lost = await loseDatabase(asLake);
    await lost.database.query(
      'create table ticks (time timestamptz primary key, symbol text, n int)',
    );
    await expect(rotateDataset(lost.bench.rooms, dataset, { force: true })).rejects.toMatchObject({
      code: 'LAKE_NOT_OWNED',
    });
    expect(await prove(bench)).toMatchObject({ provenRows: 300 });
  });

  it('that is not configured any more is no lost segment: every job and query is refused, and says where it was', async () => {
    const scene = await openSplit();
    const { bench, dataset, client } = scene;
    const alone = { ...bench, rooms: { ...bench.rooms, store: bench.near } };
    for (const begin of [
      () => rotateDataset(alone.rooms, dataset, { force: true }),
      () => prove(alone),
      () => compact(alone, dataset),
      () => expire(alone, { ...dataset, coldDays: 110 }, { force: true }),
      () => lookAtLake(bench.near, client),
    ]) {
      const failure = begin();
      await expect(failure).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });
      await expect(failure).rejects.toThrow(`2 segments`);
      await expect(failure).rejects.toThrow(bench.far.place);
    }
    const { take } = openSurvey(scene.database, { datasets: [dataset] });
    const { cold } = await take({ store: alone.rooms.store });
    expect(cold.error).toContain(`in the far place ${bench.far.place}`);
    const whole = await openSurvey(scene.database, { datasets: [dataset] }).take({
      store: bench.rooms.store,
    });
    expect(whole.cold.error).toBeNull();
    expect(await tiersOf(scene)).toEqual({ near: 1, far: 2 });
    expect(await prove(bench)).toMatchObject({ provenRows: 300, incomplete: null });
  });

  it('that is empty, as an unmounted disk is, or lacks some of it, is refused', async () => {
    const { bench, dataset } = await openSplit();
    const empty = await withFar(bench, await placeAt(join(bench.directory, 'empty')));
    await expect(tier(empty, dataset)).rejects.toThrow('is no far place of this lake');
    await expect(planTier(empty, dataset)).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });

    const moved = join(bench.directory, 'moved');
    await rename(bench.far.place, moved);
    const elsewhere = await withFar(bench, await placeAt(moved));
    const [key = ''] = await keysIn(elsewhere.far);
    await rename(elsewhere.far.locate(key), join(bench.directory, 'kept'));
    const failure = rotateDataset(elsewhere.rooms, dataset, { force: true });
    await expect(failure).rejects.toMatchObject({ code: 'LAKE_INCOMPLETE' });
    await expect(failure).rejects.toThrow(`lacks 1 of 2 segments, ${key} among them`);
    await rename(join(bench.directory, 'kept'), elsewhere.far.locate(key));
    await rotateDataset(elsewhere.rooms, dataset, { force: true });
    expect(await prove(elsewhere)).toMatchObject({ provenRows: 300 });
  });

  it('that does not answer holds up nothing that lies near', async () => {
    const scene = await openSplit();
    const { client, dataset } = scene;
    let isAway = true;
    const bench = await withFar(
      { ...scene.bench, rooms: { ...scene.bench.rooms, store: scene.bench.near } },
      awayWhile(scene.bench.far, () => isAway),
    );
    await bring({ ...scene, bench }, 38, 37);
    expect(await lookAtLake(bench.rooms.store, client)).toMatchObject({
      ownership: { kind: 'owned' },
    });
    await compact(bench, dataset);
    await expect(tier(bench, { ...dataset, farDays: 35 })).rejects.toMatchObject({
      code: 'LAKE_UNREACHABLE',
    });
    await expect(prove(bench)).rejects.toMatchObject({ code: 'LAKE_UNREACHABLE' });
    isAway = false;
    expect(await prove(bench)).toMatchObject({ provenRows: 500, incomplete: null });
  });

  it('has its old segments removed when it answers again, and until then they stay known', async () => {
    const scene = await openSplit();
    const { dataset, client } = scene;
    let isAway = false;
    const bench = await withFar(
      { ...scene.bench, rooms: { ...scene.bench.rooms, store: scene.bench.near } },
      awayWhile(scene.bench.far, () => isAway),
    );
    await compact(bench, dataset, undefined, Date.parse('2100-01-01'));
    isAway = true;
    await bring({ ...scene, bench }, 38);
    const retired = async () =>
      (await client.query(`select 1 from tierd.segments where state = 'retired'`)).rowCount;
    expect(await retired()).toBe(2);
    isAway = false;
    await rotateDataset(bench.rooms, dataset, { force: true });
    expect(await retired()).toBe(0);
    expect(await keysIn(bench.far)).toEqual([]);
    expect(await prove(bench)).toMatchObject({ provenRows: 400, incomplete: null });
  });

  it('I12: belongs to whoever has the lake: of two copies with one far place, one is refused', async () => {
    const scene = await openSplit();
    const { bench, dataset } = scene;
    const lost = await loseDatabase(bench);
    await lost.database.query(
      'create table ticks (time timestamptz primary key, symbol text, n int)',
    );
    const copied = join(bench.directory, 'copied');
    await nodeFileSystem.makeDirectory(copied);
    for (const prefix of ['', '_tierd_owner/', '_tierd_manifest/', '_tierd_audit/']) {
      for await (const { key } of bench.near.list(prefix)) await copyFile(bench.near, copied, key);
    }
    await copyFile(bench.near, copied, '_tierd_lake.json');
    const other = await withFar(
      { ...lost.bench, rooms: { ...lost.bench.rooms, store: await placeAt(copied) } },
      bench.far,
    );
    expect(await adopt(other, [dataset])).toMatchObject({ isDone: true });
    await expect(rotateDataset(bench.rooms, dataset, { force: true })).rejects.toMatchObject({
      code: 'LAKE_NOT_OWNED',
    });
    expect(await prove(other)).toMatchObject({ provenRows: 300 });
  });
});

async function copyFile(from: ObjectStore, directory: string, key: string): Promise<void> {
  const target = await placeAt(directory);
  const chunks: Uint8Array[] = [];
  for await (const chunk of from.read(key)) chunks.push(Buffer.from(chunk));
  await target.putSmallIfAbsent(key, Buffer.concat(chunks));
}

describe('a lake in two places', () => {
  it('is adopted as one, and each segment is known where it lies', async () => {
    const { bench, dataset } = await openSplit();
    const lost = await loseDatabase(bench);
    await lost.database.query(
      'create table ticks (time timestamptz primary key, symbol text, n int)',
    );
    const client = await lost.database.connect();
    expect(await adopt(lost.bench, [dataset])).toMatchObject({
      isDone: true,
      plan: { datasets: [{ problems: [] }] },
    });
    const scene = { client, database: lost.database, dataset };
    expect(await tiersOf(scene)).toEqual({ near: 1, far: 2 });
    expect(await rowsByDay({ ...scene, bench: { ...bench, ...lost.bench } })).toEqual([
      100, 100, 100,
    ]);
    expect(await prove(lost.bench)).toMatchObject({ provenRows: 300, incomplete: null });
    const alone = await benchOn(
      { ...bench, rooms: { ...bench.rooms, store: bench.near } },
      lost.database,
    );
    await expect(rotateDataset(alone.rooms, dataset, { force: true })).rejects.toMatchObject({
      code: 'LAKE_NOT_THE_SAME',
    });
  });

  it('is copied as one, and its copy lies in one place', async () => {
    const scene = await openSplit();
    const { bench, dataset } = scene;
    const target = await localTarget(bench);
    expect(await copy(bench, target)).toMatchObject({ copied: 3, bad: [] });
    await switchTo(bench, target);
    const moved = benchAt(bench, target);
    expect(await tiersOf(scene)).toEqual({ near: 3 });
    expect(await keysIn(target.store)).toEqual(await liveKeys(scene));
    expect(await prove(moved)).toMatchObject({ provenRows: 300, incomplete: null });
    await rotateDataset(moved.rooms, dataset, { force: true });
    // The far place of the old lake is not this one's.
    await expect(tier(await withFar(moved, bench.far), dataset)).rejects.toMatchObject({
      code: 'LAKE_NOT_THE_SAME',
    });
    const another = await withFar(moved, await placeAt(join(bench.directory, 'far2')));
    expect(await tier(another, dataset)).toMatchObject({ sent: 2 });
    expect(await prove(another)).toMatchObject({ provenRows: 300, incomplete: null });
  });

  it('is told from one whose near place is gone', async () => {
    const { bench, dataset } = await openSplit();
    await rm(bench.near.place, { recursive: true });
    await expect(tier(bench, dataset)).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });
    await expect(prove(bench)).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });
    expect(await keysIn(bench.far)).toHaveLength(2);
  });

  it('that has no far place is sent nowhere', async () => {
    const scene = await openScene();
    await expect(tier(scene.bench, scene.dataset)).rejects.toMatchObject({ code: 'USAGE' });
  });
});
