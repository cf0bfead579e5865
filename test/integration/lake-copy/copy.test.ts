/** A lake is copied while it is used. */
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import { adopt } from '../../support/adopt.ts';
import { createTestDatabase } from '../../support/database.ts';
import { deleteFrom } from '../../support/delete.ts';
import { benchAt, copy, keysIn, localTarget, lookCopy, targetIn } from '../../support/lake-copy.ts';
import { makeDataset, openBench } from '../../support/rotation.ts';
import { bring, liveKeys, openScene } from './scene.ts';

describe('a copy of the lake', () => {
  it('has each segment and each record, byte by byte, and leaves the lake as it is', async () => {
    const scene = await openScene();
    const { bench } = scene;
    const target = await localTarget(bench);
    const before = await keysIn(bench.rooms.store);
    const result = await copy(bench, target);

    expect(result).toMatchObject({ copied: 3, alreadyThere: 0, removed: 0, bad: [] });
    expect(result.records).toBeGreaterThan(1);
    for (const folder of ['', '_tierd_manifest/', '_tierd_owner/', '_tierd_audit/']) {
      const keys = await keysIn(bench.rooms.store, folder);
      expect(await keysIn(target.store, folder)).toEqual(keys);
      for (const key of keys) {
        const of = (place: string): Promise<Buffer> => readFile(join(place, key));
        expect(await of(target.store.place), key).toEqual(await of(bench.lake));
      }
    }
    expect(await keysIn(bench.rooms.store)).toEqual(before);
    expect(await nodeFileSystem.look(target.store.stagingRoot)).toBeNull();
  });

  it('is taken up where it was: a second run copies only what came meanwhile', async () => {
    const scene = await openScene();
    const target = await localTarget(scene.bench);
    await copy(scene.bench, target);
    await bring(scene, 35);
    expect(await copy(scene.bench, target)).toMatchObject({ copied: 1, alreadyThere: 3 });
    expect(await keysIn(target.store)).toEqual(await liveKeys(scene));
    expect(await copy(scene.bench, target)).toMatchObject({
      copied: 0,
      records: 0,
      alreadyThere: 4,
    });
  });

  it('reads again what lies there and is not noted, as after a restored ledger', async () => {
    const scene = await openScene();
    const target = await localTarget(scene.bench);
    await copy(scene.bench, target);
    await scene.database.query('delete from tierd.copied_segments');
    expect(await copy(scene.bench, target)).toMatchObject({ copied: 0, alreadyThere: 3 });
    const noted = await scene.database.query('select 1 from tierd.copied_segments');
    expect(noted.rowCount).toBe(3);
  });

  it('I7: is told by a dry run, which changes nothing anywhere', async () => {
    const { bench, database } = await openScene();
    const target = await localTarget(bench);
    const { target: found, state } = await lookCopy(bench, target);
    expect(found).toEqual({ kind: 'empty' });
    expect(state.due.map(({ key }) => key).sort()).toEqual(await liveKeys({ bench }));
    await expect(readFile(target.store.place)).rejects.toMatchObject({ code: 'ENOENT' });
    const { rows } = await database.query(
      `select (select count(*) from tierd.copied_segments) + (select count(*) from tierd.leases where dataset = 'lake:copy') as n`,
    );
    expect(rows).toEqual([{ n: '0' }]);
  });

  it('I3: halts at an object with other bytes, and leaves it', async () => {
    const { bench } = await openScene();
    const target = await localTarget(bench);
    await copy(bench, target);
    const [key = ''] = await keysIn(target.store);
    const path = join(target.store.place, key);
    await appendFile(path, 'x');
    const altered = await readFile(path);
    await expect(copy(bench, target)).rejects.toMatchObject({ code: 'OBJECT_CONFLICT' });
    expect(await readFile(path)).toEqual(altered);
  });

  it('names a segment that the lake itself has no more as it was, and copies the others', async () => {
    const { bench } = await openScene();
    const target = await localTarget(bench);
    const [altered = '', gone = '', sound = ''] = await keysIn(bench.rooms.store);
    await appendFile(join(bench.lake, altered), 'x');
    await rm(join(bench.lake, gone));
    const { copied, bad } = await copy(bench, target);
    expect(copied).toBe(1);
    expect(bad.map(({ key }) => key).sort()).toEqual([altered, gone].sort());
    expect(await keysIn(target.store)).toEqual([sound]);
  });

  it('misses nothing that was removed from the lake before its turn came', async () => {
    const scene = await openScene();
    const { bench, dataset } = scene;
    const target = await localTarget(bench);
    let isFirst = true;
    const store = new Proxy(bench.rooms.store, {
      get(lake, name) {
        const value: unknown = Reflect.get(lake, name);
        if (typeof value !== 'function') return value;
        const method = value.bind(lake) as (...args: unknown[]) => unknown;
        if (name !== 'read') return method;
        return async function* (...args: Parameters<typeof lake.read>) {
          if (isFirst && args[0].startsWith('ticks/')) {
            isFirst = false;
            await deleteFrom(bench, dataset, 'n = 7', { now: true });
          }
          yield* lake.read(...args);
        };
      },
    });
    const { bad } = await copy({ rooms: { ...bench.rooms, store } }, target);
    expect(bad).toEqual([]);
    await copy(bench, target);
    expect(await keysIn(target.store)).toEqual(await liveKeys(scene));
  });

  it('loses what was removed from the lake since: deleted rows are nowhere', async () => {
    const scene = await openScene();
    const { bench, dataset } = scene;
    const target = await localTarget(bench);
    await copy(bench, target);
    await deleteFrom(bench, dataset, 'n = 7', { now: true });
    expect(await copy(bench, target)).toMatchObject({ copied: 3, removed: 3 });
    expect(await keysIn(target.store)).toEqual(await liveKeys(scene));
  });

  it('has what was replaced, too, for as long as it may be read', async () => {
    const scene = await openScene();
    await deleteFrom(scene.bench, scene.dataset, 'n = 7');
    const target = await localTarget(scene.bench);
    expect(await copy(scene.bench, target)).toMatchObject({ copied: 6 });
    expect(await keysIn(target.store)).toEqual(await keysIn(scene.bench.rooms.store));
  });

  it('is not made where little room is left', async () => {
    const { bench } = await openScene();
    const target = { ...(await localTarget(bench)), minFreeBytes: 2 ** 60 };
    await expect(copy(bench, target)).rejects.toMatchObject({ code: 'LAKE_FULL' });
    expect(await keysIn(target.store)).toEqual([]);
  });

  it('is made by one at a time', async () => {
    const { bench, database } = await openScene();
    await database.query(
      `insert into tierd.leases (dataset, token, holder, acquired_at, expires_at)
       values ('lake:copy', 1, 'another', now(), now() + interval '1 hour')`,
    );
    await expect(copy(bench, await localTarget(bench))).rejects.toMatchObject({
      code: 'LEASE_HELD',
    });
  });
});

describe('a copy of the lake is refused (I12)', () => {
  it('where another lake is', async () => {
    const { bench } = await openScene();
    const other = await openScene();
    const target = targetIn(other.bench.rooms.store, true);
    const before = await keysIn(target.store);
    await expect(copy(bench, target)).rejects.toMatchObject({ code: 'REFUSED' });
    expect(await keysIn(target.store)).toEqual(before);
  });

  it('where another lake is copied', async () => {
    const { bench } = await openScene();
    const other = await openScene();
    const target = await localTarget(other.bench);
    await copy(other.bench, target);
    const failure = copy(bench, target);
    await expect(failure).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(failure).rejects.toThrow(/is a copy of the lake/);
  });

  it('where something lies', async () => {
    const { bench } = await openScene();
    const target = await localTarget(bench);
    const path = join(target.store.place, 'of/somebody.parquet');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'x');
    await expect(copy(bench, target)).rejects.toThrow(/of\/somebody\.parquet lies there/);
  });

  it('where the lake itself is', async () => {
    const { bench } = await openScene();
    const same = targetIn(await openLocalStore(bench.lake, nodeFileSystem), true);
    await expect(copy(bench, same)).rejects.toThrow(/is the lake itself/);
  });

  it('of a lake that is another ledger’s, or of nobody yet', async () => {
    const { bench } = await openScene();
    const database = await createTestDatabase();
    const stranger = await openBench(database, { store: bench.rooms.store });
    const target = await localTarget(bench);
    await expect(copy(stranger, target)).rejects.toMatchObject({ code: 'LAKE_NOT_OWNED' });
    const fresh = await openBench(database);
    await expect(copy(fresh, target)).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('and a copy in the making is not adopted', async () => {
    const { bench } = await openScene();
    const target = await localTarget(bench);
    await copy(bench, target);
    const database = await createTestDatabase();
    const fresh = benchAt(await openBench(database), target);
    const adopting = adopt(fresh, [makeDataset('ticks')]);
    await expect(adopting).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(adopting).rejects.toThrow(/no ledger has switched to/);
  });
});
