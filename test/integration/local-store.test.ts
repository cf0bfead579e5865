import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import { ensureLakeMarker } from '../../src/lake/marker.ts';
import { createStaging, listStaging, removeStaging } from '../../src/lake/staging.ts';
import { systemError, watchEffects } from '../support/failing-file-system.ts';

const KEY = 'ticks/year=2024/month=01/day=15/ticks_20240115-0123456789ab.parquet';
const BODY = 'as if it were Parquet';
const FACTS = { bytes: BODY.length, sha256: createHash('sha256').update(BODY).digest('hex') };

let outer: string;
let root: string;

beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), 'tierd-local-'));
  root = join(outer, 'lake');
});
afterEach(() => rm(outer, { recursive: true, force: true }));

async function publish(fs = nodeFileSystem) {
  const store = await openLocalStore(root, fs);
  const directory = await createStaging(fs, store.stagingRoot, 'move-1');
  const staged = join(directory, 'part-0.parquet');
  await writeFile(staged, BODY);
  const outcome = await store.putIfAbsent(KEY, staged, FACTS);
  await removeStaging(fs, store.stagingRoot, 'move-1');
  return outcome;
}

async function markLake() {
  await ensureLakeMarker(await openLocalStore(root, nodeFileSystem), 'lake-1');
}

const filesIn = async (path: string) => (await readdir(path, { recursive: true })).sort();

describe('publishing on a local disk', () => {
  test('opening a lake changes nothing, not even for one that does not exist yet', async () => {
    const store = await openLocalStore(root, nodeFileSystem);
    expect(await store.stat(KEY)).toBeNull();
    expect(await store.freeBytes()).toBeGreaterThan(0);
    expect(await readdir(outer)).toEqual([]);
  });

  test.each(['before', 'after'] as const)(
    'I4: cut short %s any effect, the object is absent or whole and a second run converges',
    async (moment) => {
      const effects = await countEffects();
      expect(effects).toBeGreaterThan(15);
      for (let cut = 1; cut <= effects; cut += 1) {
        await rm(root, { recursive: true, force: true });
        await markLake();
        await expect(publish(cutShort(moment, cut))).rejects.toThrow();
        const left = await readFile(join(root, KEY), 'utf8').catch(() => null);
        expect([null, BODY]).toContain(left);
        await publish();
        expect(await readFile(join(root, KEY), 'utf8')).toBe(BODY);
        expect(await filesIn(root)).toEqual([
          '_tierd_lake.json',
          'ticks',
          'ticks/year=2024',
          'ticks/year=2024/month=01',
          'ticks/year=2024/month=01/day=15',
          KEY,
        ]);
      }
    },
  );

  test('I4: another that empties and removes the partition meanwhile does not hinder it', async () => {
    await markLake();
    let meddled = 0;
    const fs = watchEffects(nodeFileSystem, {
      before: (effect) => {
        if (effect !== 'link' || meddled === 3) return;
        meddled += 1;
        rmSync(join(root, 'ticks'), { recursive: true });
      },
    });
    expect(await publish(fs)).toBe('created');
    expect(meddled).toBe(3);
    expect(await readFile(join(root, KEY), 'utf8')).toBe(BODY);
  });

  test('I1: flushes the file before it is named, and each directory after', async () => {
    await markLake();
    const seen: string[] = [];
    await publish(
      watchEffects(nodeFileSystem, {
        after: (effect, path) => seen.push(`${effect} ${path.slice(root.length + 1)}`),
      }),
    );
    const day = 'ticks/year=2024/month=01/day=15';
    const order = [
      'syncFile _staging/move-1/part-0.parquet',
      `makeDirectory ${day}`,
      'syncDirectory ticks/year=2024/month=01',
      `link ${KEY}`,
      `syncDirectory ${day}`,
      'unlink _staging/move-1/part-0.parquet',
    ];
    expect(seen.filter((step) => order.includes(step))).toEqual(order);
    expect(seen).toContain('syncDirectory ');
  });

  test('I1: an adopted object is flushed too, for its writer may not have come to that', async () => {
    await markLake();
    await publish();
    const seen: string[] = [];
    const fs = watchEffects(nodeFileSystem, {
      after: (effect, path) => seen.push(`${effect} ${path.slice(root.length + 1)}`),
    });
    expect(await publish(fs)).toBe('already-there');
    expect(seen).toContain(`syncFile ${KEY}`);
    expect(seen).toContain('syncDirectory ticks/year=2024/month=01/day=15');
  });

  test.each(['EPERM', 'ENOTSUP', 'EMLINK'])(
    'publishes on a file system without hard links (%s), still replacing nothing',
    async (code) => {
      const fs = watchEffects(nodeFileSystem, {
        before: (effect) => {
          if (effect === 'link') throw systemError(code);
        },
      });
      await ensureLakeMarker(await openLocalStore(root, fs), 'lake-1');
      expect(await publish(fs)).toBe('created');
      expect(await publish(fs)).toBe('already-there');
      await rm(join(root, KEY));
      await writeFile(join(root, KEY), 'something else');
      await expect(publish(fs)).rejects.toMatchObject({ code: 'OBJECT_CONFLICT' });
      expect(await readFile(join(root, KEY), 'utf8')).toBe('something else');
    },
  );
});

describe('a lake that fails', () => {
  test.each([
    ['ENOSPC', 'LAKE_FULL', /Free space/],
    ['EDQUOT', 'LAKE_FULL', /quota/],
    ['EROFS', 'LAKE_UNWRITABLE', /read-only/],
    ['EACCES', 'LAKE_UNWRITABLE', /uid \d+/],
    ['EXDEV', 'LAKE_UNWRITABLE', /one file system/],
    ['EIO', 'LAKE_UNWRITABLE', /dmesg/],
  ])('tells what to do about %s', async (code, expected, hint) => {
    await markLake();
    for (const failing of ['makeDirectory', 'syncFile', 'link'] as const) {
      const fs = watchEffects(nodeFileSystem, {
        before: (effect, path) => {
          const published = path.startsWith(join(root, 'ticks'));
          if (effect === failing && (published || effect === 'syncFile')) throw systemError(code);
        },
      });
      // EACCES is not EPERM: it does not mean that there are no hard links.
      await expect(publish(fs)).rejects.toMatchObject({
        code: expected,
        message: expect.stringContaining(join(root, KEY)),
        hint: expect.stringMatching(hint),
      });
    }
  });

  test('is unreadable or unwritable when its root is a file', async () => {
    await writeFile(root, '');
    await expect(publish()).rejects.toMatchObject({ code: 'LAKE_UNWRITABLE' });
    const store = await openLocalStore(root, nodeFileSystem);
    await expect(store.checkWritable()).rejects.toMatchObject({ code: 'LAKE_UNWRITABLE' });
    const listing = async () => {
      for await (const _found of store.list('')) continue;
    };
    await expect(listing()).rejects.toMatchObject({ code: 'LAKE_UNREADABLE' });
  });
});

describe('symbolic links', () => {
  test('the root may be one', async () => {
    await mkdir(join(outer, 'disk'));
    await symlink(join(outer, 'disk'), root);
    await markLake();
    await publish();
    expect(await readFile(join(outer, 'disk', KEY), 'utf8')).toBe(BODY);
  });

  test('one inside the lake is neither written through nor removed through', async () => {
    await markLake();
    const elsewhere = join(outer, 'elsewhere');
    await mkdir(join(elsewhere, 'year=2024/month=01/day=15'), { recursive: true });
    await writeFile(join(elsewhere, KEY.slice('ticks/'.length)), 'precious');
    await symlink(elsewhere, join(root, 'ticks'));
    const store = await openLocalStore(root, nodeFileSystem);
    await expect(store.remove(KEY)).rejects.toMatchObject({ code: 'LAKE_UNWRITABLE' });
    await expect(publish()).rejects.toMatchObject({ code: 'LAKE_UNWRITABLE' });
    const kept = await readFile(join(elsewhere, KEY.slice('ticks/'.length)), 'utf8');
    expect(kept).toBe('precious');
  });
});

describe('the staging area', () => {
  const staging = () => join(root, '_staging');

  test('gives each move a directory of its own, and lists them', async () => {
    const path = await createStaging(nodeFileSystem, staging(), 'move-1');
    await createStaging(nodeFileSystem, staging(), 'move-2');
    expect(path).toBe(join(root, '_staging', 'move-1'));
    expect(await listStaging(nodeFileSystem, staging())).toEqual(['move-1', 'move-2']);
  });

  test('I4: begins empty, whatever a killed attempt of the same move left', async () => {
    const path = await createStaging(nodeFileSystem, staging(), 'move-1');
    await mkdir(join(path, 'deep/er'), { recursive: true });
    await writeFile(join(path, 'deep/er/left.parquet'), 'half');
    await createStaging(nodeFileSystem, staging(), 'move-1');
    expect(await readdir(path)).toEqual([]);
  });

  test('removes one move and leaves the others; the last takes the area along', async () => {
    await createStaging(nodeFileSystem, staging(), 'move-1');
    const kept = await createStaging(nodeFileSystem, staging(), 'move-2');
    await writeFile(join(kept, 'part-0.parquet'), BODY);
    await removeStaging(nodeFileSystem, staging(), 'move-1');
    await removeStaging(nodeFileSystem, staging(), 'move-1');
    expect(await readdir(kept)).toEqual(['part-0.parquet']);
    await removeStaging(nodeFileSystem, staging(), 'move-2');
    expect(await readdir(root)).toEqual([]);
    expect(await listStaging(nodeFileSystem, staging())).toEqual([]);
  });

  test('removes a link that lies in it, not what it points to', async () => {
    const path = await createStaging(nodeFileSystem, staging(), 'move-1');
    await writeFile(join(outer, 'precious'), BODY);
    await symlink(outer, join(path, 'link'));
    await removeStaging(nodeFileSystem, staging(), 'move-1');
    expect(await readFile(join(outer, 'precious'), 'utf8')).toBe(BODY);
  });

  test.each(['..', '.', 'a/b', '../x', ''])('refuses %j as the id of a move', async (id) => {
    await expect(createStaging(nodeFileSystem, staging(), id)).rejects.toMatchObject({
      code: 'OBJECT_KEY_INVALID',
    });
    await expect(removeStaging(nodeFileSystem, staging(), id)).rejects.toThrow();
  });
});

async function countEffects(): Promise<number> {
  await markLake();
  let count = 0;
  await publish(watchEffects(nodeFileSystem, { before: () => (count += 1) }));
  return count;
}

/** Lets nothing happen any more from the given effect on, as after a kill. */
function cutShort(moment: 'before' | 'after', cut: number) {
  let count = 0;
  const dead = () => new Error('killed by the test');
  return watchEffects(nodeFileSystem, {
    before: () => {
      count += 1;
      if (moment === 'before' ? count >= cut : count > cut) throw dead();
    },
    after: () => {
      if (moment === 'after' && count >= cut) throw dead();
    },
  });
}
