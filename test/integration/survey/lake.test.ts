/** The lake in a survey: what stands in its way is told, and never the free space of what is not it. */
import { cp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ColdSurvey } from '../../../src/domain/survey/survey.ts';
import { readStatus } from '../../../src/jobs/status.ts';
import { type FileSystem, nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import { MARKER_KEY } from '../../../src/lake/object-key.ts';
import { fillTable } from '../../crash/scenario.ts';
import { openSurvey, type SurveyScene } from '../../support/surveying.ts';
import { openScene, rotateForced, type Scene } from '../faults/scene.ts';

let scene: Scene;
let survey: SurveyScene;

/** As the daemon opens it for each survey. */
async function look(fs: FileSystem = nodeFileSystem): Promise<ColdSurvey> {
  const store = await openLocalStore(scene.bench.lake, fs);
  const { cold, error } = await survey.take({ store });
  expect(error).toBe(cold.error);
  return cold;
}

beforeEach(async () => {
  scene = await openScene();
  survey = openSurvey(scene.database, { datasets: [scene.dataset] });
});

describe('a lake that is not there yet', () => {
  it('stands in nobody’s way before the first rotation', async () => {
    expect(await look()).toMatchObject({ error: null });
    expect((await look()).freeBytes).toBeGreaterThan(0);
  });
});

describe('a lake that was rotated into', () => {
  beforeEach(() => rotateForced(scene.bench.rooms, scene.dataset));

  it('is missed when its folder is away, whatever lies in its place, and found again', async () => {
    const { lake } = scene.bench;
    expect(await look()).toMatchObject({ error: null, segments: expect.any(Number) });
    await rename(lake, `${lake}.away`);
    const away = await look();
    expect(away).toMatchObject({ freeBytes: null, error: expect.stringContaining(MARKER_KEY) });
    expect(away.segments).toBeGreaterThan(0);
    await nodeFileSystem.makeDirectory(lake);
    expect(await look()).toMatchObject({ freeBytes: null, error: away.error });
    await rm(lake, { recursive: true });
    await rename(`${lake}.away`, lake);
    expect(await look()).toMatchObject({ error: null, freeBytes: expect.any(Number) });
  });

  it('that is looked at seldom is looked at again once somebody could not use it', async () => {
    const store = await openLocalStore(scene.bench.lake, nodeFileSystem);
    const seldom = async (): Promise<string | null> =>
      (await survey.take({ store, lakeLookMs: 600_000 })).cold.error;
    expect(await seldom()).toBeNull();
    await rename(scene.bench.lake, `${scene.bench.lake}.away`);
    await nodeFileSystem.makeDirectory(scene.bench.lake);
    expect(await seldom()).toBeNull();
    survey.noteLakeNews();
    expect(await seldom()).toContain(MARKER_KEY);
  });

  it('is missed, and no dataset with it, when the way to it can not be followed', async () => {
    const { lake } = scene.bench;
    await rename(lake, `${lake}.away`);
    await symlink(lake, lake);
    const store = await openLocalStore(lake, nodeFileSystem);
    const { cold, datasets } = await survey.take({ store });
    expect(cold).toMatchObject({ freeBytes: null, error: expect.stringContaining('ELOOP') });
    expect(datasets).toMatchObject([{ error: null, due: { rows: expect.any(Number) } }]);
  });

  it('is missed when its marker is gone or another’s', async () => {
    const marker = join(scene.bench.lake, MARKER_KEY);
    await rename(marker, `${marker}.away`);
    expect((await look()).error).toContain(`has no ${MARKER_KEY}`);
    await writeFile(marker, '{"tierdLake":1,"lakeId":"another"}');
    expect((await look()).error).toContain('is the lake another');
  });

  it('is told when another ledger has taken it over', async () => {
    await scene.database.query('update tierd.lake set epoch = 0');
    expect(await look()).toMatchObject({ error: null });
    await scene.database.query('update tierd.lake set epoch = 7');
    expect((await look()).error).toContain('is not this ledger');
  });

  it('is told when an older copy lies in its place', async () => {
    const { lake } = scene.bench;
    await cp(lake, `${lake}.copy`, { recursive: true });
    await fillTable(scene.database, scene.dataset.name);
    await rotateForced(scene.bench.rooms, scene.dataset);
    expect(await look()).toMatchObject({ error: null });
    await rename(lake, `${lake}.newer`);
    await rename(`${lake}.copy`, lake);
    expect((await look()).error).toContain('is not whole');
  });

  it('is told when it can not be written, by the survey and by status', async () => {
    const failure = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
    const readOnly: FileSystem = {
      ...nodeFileSystem,
      assertMayWrite: () => Promise.reject(failure),
    };
    expect(await look(readOnly)).toMatchObject({
      freeBytes: null,
      error: expect.stringContaining('EROFS'),
    });
    const store = await openLocalStore(scene.bench.lake, readOnly);
    const status = await readStatus({ ...scene.bench.rooms, store }, [scene.dataset], null);
    expect(status.lake).toMatchObject({ freeBytes: null, problem: { code: 'LAKE_UNWRITABLE' } });
  });

  it('is asked once when it does not answer, and told of when the time is over', async () => {
    let asked = 0;
    let answer = (): void => undefined;
    const silent: FileSystem = {
      ...nodeFileSystem,
      look: async (path) => {
        asked += 1;
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return nodeFileSystem.look(path);
      },
    };
    const store = await openLocalStore(scene.bench.lake, silent);
    // The plan of the hot store's part looks at the disk, too.
    const rooms = { store, datasets: [] };
    for (const _ of [1, 2]) {
      const { cold } = await survey.take(rooms, AbortSignal.timeout(300));
      expect(cold).toMatchObject({ freeBytes: null, error: `${store.place} does not answer` });
    }
    expect(asked).toBe(1);
    answer();
  });
});
