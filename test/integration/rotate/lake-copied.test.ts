/** I12: a lake that was copied has one copy that is used. Its marks are the same in each. */
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { planRotationOf } from '../../../src/jobs/rotate.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openLocalStore } from '../../../src/lake/local-store.ts';
import { fillTable } from '../../crash/scenario.ts';
import { runInside } from '../../support/cli.ts';
import { compact } from '../../support/compact.ts';
import { directoryWith } from '../../support/config-file.ts';
import { createTestDatabase } from '../../support/database.ts';
import { dueRows, failureOf, openScene, rotateForced, type Scene } from '../faults/scene.ts';

let scene: Scene;
/** Where the copy lies. */
let copy: string;

const roomsAt = async (lake: string): Promise<Rooms> => ({
  ...scene.rooms,
  store: await openLocalStore(lake, nodeFileSystem),
});

const copyLake = () => cp(scene.bench.lake, copy, { recursive: true });

/** A day that is due, and in no copy yet. */
const moreRows = () => fillTable(scene.database, scene.dataset.name);

async function filesIn(lake: string): Promise<readonly string[]> {
  const entries = await readdir(lake, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function segmentsIn(lake: string): Promise<readonly string[]> {
  return (await filesIn(lake)).filter((path) => path.endsWith('.parquet'));
}

function tierdAt(lake: string) {
  const directory = directoryWith({
    'tierd.yaml': `
postgres: { url: "${scene.database.url}" }
lake: { type: local, path: "${join(lake, '..')}", min_free: 0MB }
datasets: { ${scene.dataset.name}: { time_column: time } }
`,
  });
  return (...argv: string[]) =>
    runInside(['--config', join(directory, 'tierd.yaml'), ...argv], { clock: scene.rooms.clock });
}

describe('a lake that was copied', () => {
  beforeEach(async () => {
    scene = await openScene({ database: await createTestDatabase() });
    copy = join(scene.bench.directory, 'copy', 'cold_storage');
    await rotateForced(scene.rooms, scene.dataset);
  });

  it('I12: is refused again once another copy was used, before anything is published or removed', async () => {
    await copyLake();
    await moreRows();
    await rotateForced(await roomsAt(copy), scene.dataset);
    await moreRows();
    const before = { due: await dueRows(scene), files: await filesIn(scene.bench.lake) };
    expect(before.due).toBeGreaterThan(0);
    for (const ask of [
      () => rotateForced(scene.rooms, scene.dataset),
      () => planRotationOf(scene.rooms, scene.dataset),
      () => compact(scene, scene.dataset),
    ]) {
      expect(await failureOf(ask())).toMatchObject({
        code: 'LAKE_INCOMPLETE',
        message: expect.stringContaining(copy) as string,
      });
    }
    const found = { due: await dueRows(scene), files: await filesIn(scene.bench.lake) };
    expect(found).toEqual(before);
    // The one that is whole goes on.
    await rotateForced(await roomsAt(copy), scene.dataset);
    expect(await dueRows(scene)).toBe(0);
  });

  it('I12: is refused in the place of the lake as well', async () => {
    await copyLake();
    await moreRows();
    await rotateForced(scene.rooms, scene.dataset);
    await rename(scene.bench.lake, `${scene.bench.lake}.old`);
    await rename(copy, scene.bench.lake);
    expect(await failureOf(rotateForced(scene.rooms, scene.dataset))).toMatchObject({
      code: 'LAKE_INCOMPLETE',
    });
  });

  it('I12: is refused while a part of it is still to be copied', async () => {
    await copyLake();
    const [first, ...others] = await segmentsIn(copy);
    expect(others.length).toBeGreaterThan(0);
    await rm(first ?? '');
    const failure = await failureOf(rotateForced(await roomsAt(copy), scene.dataset));
    expect(failure).toMatchObject({ code: 'LAKE_INCOMPLETE' });
    expect(failure.message).toMatch(/lacks 1 of the \d+ segments/);
    await cp(scene.bench.lake, copy, { recursive: true });
    await rotateForced(await roomsAt(copy), scene.dataset);
  });

  it('I12: a lake that was moved whole is used where it lies now, and noted there', async () => {
    const moved = join(scene.bench.directory, 'moved', 'cold_storage');
    await nodeFileSystem.makeDirectory(join(moved, '..'));
    await rename(scene.bench.lake, moved);
    await moreRows();
    await rotateForced(await roomsAt(moved), scene.dataset);
    expect(await dueRows(scene)).toBe(0);
    expect((await scene.database.query('select place from tierd.lake')).rows).toEqual([
      { place: moved },
    ]);
  });

  it('I12: a person says which of two copies it is, and the other is refused from then on', async () => {
    await copyLake();
    await moreRows();
    await rotateForced(await roomsAt(copy), scene.dataset);
    const [old, newer] = [tierdAt(scene.bench.lake), tierdAt(copy)];
    expect(await old('lake', 'show')).toMatchObject({
      stdout: expect.stringContaining(`last used at ${copy}`) as string,
    });
    for (const verb of ['doctor', 'status']) {
      const { stdout, stderr } = await old(verb);
      expect(stdout + stderr, verb).toContain('is not whole');
    }
    const scrubbed = await old('scrub');
    expect(scrubbed).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/incomplete .*last used at/) as string,
    });
    const asked = await old('query', `select count(*) from ${scene.dataset.name}`);
    expect(asked.stderr).toContain(copy);

    expect(await old('lake', 'take-over', '--yes')).toMatchObject({ exitCode: 0 });
    await moreRows();
    expect(await old('rotate', scene.dataset.name, '--force')).toMatchObject({ exitCode: 0 });
    const refused = await newer('rotate', scene.dataset.name, '--force');
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('LAKE_NOT_OWNED') as string,
    });
  });
});
