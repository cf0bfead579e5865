import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KnownSegment } from '../../src/lake/compare-lake.ts';
import { type FileSystem, nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import { isDamaged, type ScrubOptions, scrubLake } from '../../src/lake/scrub.ts';
import { systemError } from '../support/failing-file-system.ts';

let root: string;
let known: KnownSegment[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tierd-scrub-'));
  known = [];
  for (let day = 10; day < 20; day += 1) await add(`ticks/day=${String(day)}/ticks.parquet`);
  await writeFile(join(root, '_tierd_lake.json'), '{"tierdLake":1,"lakeId":"lake-1"}');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function add(key: string, state: KnownSegment['state'] = 'live', inLake = true) {
  const bytes = randomBytes(3000);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  known.push({ key, state, bytes: 3000n, sha256 });
  if (inLake) await plant(key, bytes);
}

async function plant(key: string, bytes: Uint8Array) {
  await mkdir(dirname(join(root, key)), { recursive: true });
  await writeFile(join(root, key), bytes);
}

async function scrub(changes: Partial<ScrubOptions> = {}, fs: FileSystem = nodeFileSystem) {
  return scrubLake({
    store: await openLocalStore(root, fs),
    listKnown: async () => [...known],
    prefixes: [''],
    sample: null,
    concurrency: 3,
    ...changes,
  });
}

const keysOf = (items: readonly { readonly key: string }[]) => items.map(({ key }) => key);

describe('scrub', () => {
  test('finds a sound lake sound, having read every byte', async () => {
    const report = await scrub();
    expect(keysOf(report.ok)).toEqual(keysOf(known));
    expect(report.bytesRead).toBe(30_000);
    expect(isDamaged(report)).toBe(false);
    expect([...report.missing, ...report.altered, ...report.unknown, ...report.leftovers]).toEqual(
      [],
    );
  });

  test('tells what is missing, altered by one bit, cut short, replaced by a link, or unreadable', async () => {
    const path = (day: number) => join(root, `ticks/day=${String(day)}/ticks.parquet`);
    await rm(path(10));
    const flipped = await readFile(path(11));
    flipped[1500] = (flipped[1500] ?? 0) ^ 4;
    await writeFile(path(11), flipped);
    await writeFile(path(12), flipped.subarray(0, 2999));
    await rm(path(13));
    await symlink(path(19), path(13));
    const fs: FileSystem = {
      ...nodeFileSystem,
      read: (at, range, signal) => {
        if (at === path(14)) throw systemError('EIO');
        return nodeFileSystem.read(at, range, signal);
      },
    };
    const report = await scrub({}, fs);
    expect(isDamaged(report)).toBe(true);
    expect(keysOf(report.missing)).toEqual(['ticks/day=10/ticks.parquet']);
    expect(
      report.altered.map(({ segment, found }) => [segment.key.slice(6, 12), found.bytes]),
    ).toEqual([
      ['day=11', 3000],
      ['day=12', 2999],
      ['day=13', path(19).length],
    ]);
    expect(report.altered[0]?.found.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(report.unreadable).toMatchObject([
      { segment: { key: 'ticks/day=14/ticks.parquet' }, reason: /EIO/ },
    ]);
    expect(report.ok).toHaveLength(5);
  });

  test('reports foreign files and leaves them where they are', async () => {
    await plant('ticks/day=10/notes of März.txt', Buffer.from('mine'));
    await plant('other/thing.parquet', Buffer.from('mine too'));
    const before = await readdir(root, { recursive: true });
    const report = await scrub();
    expect(report.unknown).toEqual([
      { key: 'other/thing.parquet', bytes: 8 },
      { key: 'ticks/day=10/notes of März.txt', bytes: 4 },
    ]);
    expect(isDamaged(report)).toBe(false);
    expect(await readdir(root, { recursive: true })).toEqual(before);
  });

  test('knows what tierd itself left, and what is on its way', async () => {
    await add('ticks/a.parquet', 'abandoned');
    await add('ticks/b.parquet', 'abandoned', false);
    await add('ticks/c.parquet', 'removed');
    await add('ticks/d.parquet', 'publishing');
    await add('ticks/e.parquet', 'publishing', false);
    await add('ticks/f.parquet', 'retired');
    // Its removal was killed before the ledger heard of it.
    await add('ticks/g.parquet', 'retired', false);
    const report = await scrub();
    expect(keysOf(report.leftovers)).toEqual(['ticks/a.parquet', 'ticks/c.parquet']);
    expect(report.missing).toEqual([]);
    expect(report.unknown).toEqual([]);
    expect(keysOf(report.ok)).toContain('ticks/f.parquet');
  });

  test('reads the same sample for the same seed, and looks at all', async () => {
    const sample = { share: 0.5, seed: 'x' };
    await rm(join(root, 'ticks/day=10/ticks.parquet'));
    const first = await scrub({ sample });
    const second = await scrub({ sample });
    expect(keysOf(first.ok)).toEqual(keysOf(second.ok));
    expect(first.ok.length + first.unread.length).toBe(9);
    expect(keysOf(first.missing)).toEqual(['ticks/day=10/ticks.parquet']);
    const other = await scrub({ sample: { ...sample, seed: 'y' } });
    expect(keysOf(other.ok)).not.toEqual(keysOf(first.ok));
    expect((await scrub({ sample: { share: 0, seed: 'x' } })).ok).toEqual([]);
    expect((await scrub({ sample: { share: 1, seed: 'x' } })).unread).toEqual([]);
  });

  test('looks at one dataset alone when it is told to', async () => {
    await add('news/a.parquet');
    await plant('other/thing.parquet', Buffer.from('foreign'));
    const report = await scrub({
      prefixes: ['ticks/'],
      listKnown: async () => known.filter(({ key }) => key.startsWith('ticks/')),
    });
    expect(report.ok).toHaveLength(10);
    expect(report.unknown).toEqual([]);
  });

  test('takes no rotation, compaction or recovery that runs meanwhile for damage', async () => {
    await add('ticks/given-up.parquet', 'abandoned');
    await add('ticks/given-up-and-gone.parquet', 'abandoned');
    let asked = 0;
    const report = await scrub({
      async listKnown() {
        asked += 1;
        if (asked === 1) {
          // Published after the lake was listed: not missing, and read.
          await add('ticks/day=20/new.parquet');
          // Retired, its grace over, and removed while the others are read.
          const gone = known[0]!;
          const answer = [...known];
          known[0] = { ...gone, state: 'removed' };
          await rm(join(root, gone.key));
          await rm(join(root, 'ticks/given-up-and-gone.parquet'));
          return answer;
        }
        return [...known];
      },
    });
    expect(keysOf(report.ok)).toContain('ticks/day=20/new.parquet');
    expect(report.missing).toEqual([]);
    expect(keysOf(report.leftovers)).toEqual(['ticks/given-up.parquet']);
    expect(asked).toBe(2);
  });

  test('waits as its pace says, and tells how far it is', async () => {
    let paced = 0;
    const read: string[] = [];
    await scrub({
      pace: async (bytes) => void (paced += bytes),
      onRead: ({ key }) => void read.push(key),
    });
    expect(paced).toBe(30_000);
    expect(read.sort()).toEqual(keysOf(known));
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    const running = scrub({ signal: stop.signal, onRead: () => stop.abort() });
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
