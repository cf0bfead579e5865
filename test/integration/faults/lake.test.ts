/** What can go wrong on the lake's side of a rotation. */
import { appendFile, mkdir, open, readdir, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import type { ObjectStore } from '../../../src/lake/object-store.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import { type Effect, systemError, watchEffects } from '../../support/failing-file-system.ts';
import { describeOn } from '../../support/servers.ts';
import { boundTo } from './disturb.ts';
import {
  dueRows,
  expectConverged,
  expectNothingLeftOver,
  expectNothingLost,
  failureOf,
  openScene,
  rotateForced,
  type Scene,
} from './scene.ts';

/** Rooms whose disk answers `effect` on a path that matches with an error of the system's. */
async function failingRooms(scene: Scene, code: string, effect: Effect, path: RegExp) {
  const fileSystem = watchEffects(nodeFileSystem, {
    before(met, at) {
      if (met === effect && path.test(at)) throw systemError(code);
    },
  });
  const store = await openLocalStore(scene.bench.lake, fileSystem);
  return { ...scene.rooms, fileSystem, store };
}

/** Rooms where `damage` is done to a file when `putIfAbsent` is called, or when it has returned. */
function damagedRooms(
  { rooms, bench }: Scene,
  when: 'before' | 'after',
  damage: (path: string) => Promise<void>,
) {
  const inner = rooms.store;
  const putIfAbsent: ObjectStore['putIfAbsent'] = async (key, staged, facts, signal) => {
    if (when === 'before') await damage(staged);
    const outcome = await inner.putIfAbsent(key, staged, facts, signal);
    if (when === 'after') await damage(join(bench.lake, key));
    return outcome;
  };
  const store: ObjectStore = { ...boundTo(inner), putIfAbsent };
  return { ...rooms, store };
}

async function flipBit(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const place = at < 0 ? size + at : at;
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, place);
    byte.writeUInt8(byte.readUInt8() ^ 1);
    await file.write(byte, 0, 1, place);
  } finally {
    await file.close();
  }
}

const IN_THE_LAKE = /year=/;
const IN_STAGING = /_staging\/[^/]+\//;

describe('a rotation into a lake that fails', () => {
  it.each([
    ['is full, making a directory', 'ENOSPC', 'makeDirectory', IN_THE_LAKE, 'LAKE_FULL'],
    ['is full, giving the final name', 'ENOSPC', 'link', IN_THE_LAKE, 'LAKE_FULL'],
    ['is full, flushing what was staged', 'ENOSPC', 'syncFile', IN_STAGING, 'LAKE_FULL'],
    ['is beyond its quota', 'EDQUOT', 'link', IN_THE_LAKE, 'LAKE_FULL'],
    ['is read-only', 'EROFS', 'makeDirectory', /./, 'LAKE_UNWRITABLE'],
    ['may not be written', 'EACCES', 'link', IN_THE_LAKE, 'LAKE_UNWRITABLE'],
    ['fails to flush', 'EIO', 'syncDirectory', IN_THE_LAKE, 'LAKE_UNWRITABLE'],
  ] as const)('deletes nothing when it %s (I1, I4)', async (_, code, effect, path, expected) => {
    const scene = await openScene();
    const failure = await failureOf(
      rotateForced(await failingRooms(scene, code, effect, path), scene.dataset),
    );
    expect(failure).toMatchObject({ code: expected, exitCode: 1 });
    expect(failure.message).toContain('No row was deleted');
    expect(failure.hint).toBeDefined();
    expect(await dueRows(scene)).toBe(80);
    await expectNothingLost(scene);
    expect(
      (await listRuns(scene.client, { dataset: scene.dataset.name, limit: 1 }))[0],
    ).toMatchObject({
      state: 'failed',
      errorCode: expected,
    });
    await expectConverged(scene);
  });

  it('keeps the moves that were done before it was full, and says so (I1)', async () => {
    const scene = await openScene();
    let links = 0;
    const fileSystem = watchEffects(nodeFileSystem, {
      before(effect, at) {
        if (effect !== 'link' || !at.includes('year=')) return;
        links += 1;
        if (links === 2) throw systemError('ENOSPC');
      },
    });
    const store = await openLocalStore(scene.bench.lake, fileSystem);
    const failure = await failureOf(
      rotateForced({ ...scene.rooms, fileSystem, store }, scene.dataset),
    );
    expect(failure).toMatchObject({ code: 'LAKE_FULL', exitCode: 4 });
    expect(failure.message).toContain('before that 1 of 2 moves were done (40 rows)');
    expect(await dueRows(scene)).toBe(40);
    await expectNothingLost(scene);
    expect(
      (await listRuns(scene.client, { dataset: scene.dataset.name, limit: 1 }))[0],
    ).toMatchObject({
      state: 'partly',
      rowsMoved: 40n,
      errorCode: 'LAKE_FULL',
    });
    await expectConverged(scene);
  });
});

describe('a rotation that fails and can not clear up either', () => {
  it('leaves that to the next run (I4)', async () => {
    const scene = await openScene();
    const fileSystem = watchEffects(nodeFileSystem, {
      before(effect, at) {
        if (effect === 'link' && at.includes('year=')) throw systemError('ENOSPC');
        if (effect === 'unlink' && at.endsWith('-0001.parquet')) throw systemError('EIO');
      },
    });
    const store = await openLocalStore(scene.bench.lake, fileSystem);
    const failure = await failureOf(
      rotateForced({ ...scene.rooms, fileSystem, store }, scene.dataset),
    );
    expect(failure.code).toBe('LAKE_FULL');
    expect(await readdir(join(scene.bench.lake, '_staging'))).not.toEqual([]);
    await expectConverged(scene);
  });
});

describe('a lake whose disk is not mounted', () => {
  it('is recognised before anything is read, and nothing is put into its empty place (I1)', async () => {
    const scene = await openScene();
    await rotateForced(scene.rooms, scene.dataset);
    await rename(scene.bench.lake, `${scene.bench.lake}.away`);
    await mkdir(scene.bench.lake);
    const failure = await failureOf(rotateForced(scene.rooms, scene.dataset));
    expect(failure).toMatchObject({ code: 'LAKE_NOT_THE_SAME', exitCode: 1 });
    expect(failure.hint).toContain('Mount');
    expect(await readdir(scene.bench.lake)).toEqual([]);
  });

  it('is recognised in the middle, when it goes away between export and publish (I1, I4)', async () => {
    const scene = await openScene();
    const { lake } = scene.bench;
    const emit: Scene['rooms']['emit'] = (event) => {
      if (event.kind === 'step' && event.step === 'publish') unmount();
    };
    let unmounting: Promise<void> | null = null;
    const unmount = (): void => {
      unmounting ??= rename(lake, `${lake}.away`).then(() => mkdir(lake));
    };
    const rooms = {
      ...damagedRooms(scene, 'before', async () => {
        await unmounting;
      }),
      emit,
    };
    const failure = await failureOf(rotateForced(rooms, scene.dataset));
    expect(failure).toMatchObject({ code: 'LAKE_NOT_THE_SAME', exitCode: 1 });
    expect(await dueRows(scene)).toBe(80);
    expect(await readdir(lake)).toEqual([]);
    await rm(lake, { recursive: true });
    await rename(`${lake}.away`, lake);
    await expectConverged(scene);
  });
});

describe('a segment that is not what was exported', () => {
  const AFTER: readonly (readonly [string, (path: string) => Promise<void>])[] = [
    ['truncated', (path) => truncate(path, 100)],
    ['longer', (path) => appendFile(path, 'x')],
    ['flipped in a bit of its values', (path) => flipBit(path, 40)],
    ['flipped in a bit of its footer', (path) => flipBit(path, -60)],
  ];

  it.each(AFTER)(
    'is found out when %s between publish and verify, and nothing is deleted (I1)',
    async (_, damage) => {
      const scene = await openScene();
      const failure = await failureOf(
        rotateForced(damagedRooms(scene, 'after', damage), scene.dataset),
      );
      expect(failure).toMatchObject({ code: 'VERIFY_MISMATCH', exitCode: 1 });
      expect(failure.message).toContain(scene.bench.lake);
      expect(await dueRows(scene)).toBe(80);
      await expectNothingLost(scene);
      await expectNothingLeftOver(scene);
      await expectConverged(scene);
    },
  );

  it('is found out when it vanished between publish and verify (I1)', async () => {
    const scene = await openScene();
    const failure = await failureOf(
      rotateForced(
        damagedRooms(scene, 'after', (path) => rm(path)),
        scene.dataset,
      ),
    );
    expect(failure).toMatchObject({ code: 'LAKE_UNREADABLE', exitCode: 1 });
    expect(await dueRows(scene)).toBe(80);
    await expectConverged(scene);
  });

  it('is found out when the staged file was cut short before it was published (I1)', async () => {
    const scene = await openScene();
    const failure = await failureOf(
      rotateForced(
        damagedRooms(scene, 'before', (path) => truncate(path, 64)),
        scene.dataset,
      ),
    );
    expect(failure).toMatchObject({ code: 'STAGED_FILE_CHANGED', exitCode: 1 });
    expect(await dueRows(scene)).toBe(80);
    await expectNothingLeftOver(scene);
    await expectConverged(scene);
  });

  it('is found out when a bit of the staged file changed before it was published (I1)', async () => {
    const scene = await openScene();
    const failure = await failureOf(
      rotateForced(
        damagedRooms(scene, 'before', (path) => flipBit(path, 200)),
        scene.dataset,
      ),
    );
    expect(failure).toMatchObject({ code: 'VERIFY_MISMATCH', exitCode: 1 });
    expect(await dueRows(scene)).toBe(80);
    await expectNothingLeftOver(scene);
    await expectConverged(scene);
  });
});

describeOn('timescale', 'a segment of a chunk that is not what was exported', () => {
  it('is found out between publish and verify, and the chunk is not dropped (I1)', async () => {
    const scene = await openScene({ kind: 'hypertable' });
    const failure = await failureOf(
      rotateForced(
        damagedRooms(scene, 'after', (path) => flipBit(path, 40)),
        scene.dataset,
      ),
    );
    expect(failure).toMatchObject({ code: 'VERIFY_MISMATCH', exitCode: 1 });
    await expectNothingLost(scene);
    await expectConverged(scene);
  });
});
