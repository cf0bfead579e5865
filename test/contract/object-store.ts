/** What every object store promises. A backend's test file calls `describeObjectStore`. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TierdError } from '../../src/domain/errors.ts';
import { assertSameLake, ensureLakeMarker, readLakeMarker } from '../../src/lake/marker.ts';
import type { ListedObject, ObjectFacts, ObjectStore } from '../../src/lake/object-store.ts';

export interface StoreUnderTest {
  /** Empty: no object, no marker. */
  readonly store: ObjectStore;
  /** Another connection to the same lake, as a second process has it. */
  reopen(): Promise<ObjectStore>;
  /** Puts bytes under a key behind the store's back. */
  plant(key: string, bytes: Uint8Array): Promise<void>;
  destroy(): Promise<void>;
}

const KEY = 'ticks/year=2024/month=01/day=15/ticks_20240115-0123456789ab.parquet';
const SIBLING = 'ticks/year=2024/month=01/day=15/ticks_20240115-ba9876543210.parquet';
const OTHER_DAY = 'ticks/year=2024/month=01/day=16/ticks_20240116-0123456789ab.parquet';
const OTHER_DATASET = 'news/year=2024/month=01/day=15/news_20240115-0123456789ab.parquet';

export function describeObjectStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`the object store "${name}"`, () => {
    let subject: StoreUnderTest;
    let store: ObjectStore;

    beforeEach(async () => {
      subject = await make();
      store = subject.store;
      await ensureLakeMarker(store, 'lake-1');
    });
    afterEach(() => subject.destroy());

    async function put(key: string, bytes: Uint8Array, to = store) {
      const staged = await stage(to, bytes);
      return to.putIfAbsent(key, staged.path, staged.facts);
    }

    describe('replaceSmall', () => {
      test('puts bytes where there are none, and in the place of others', async () => {
        const key = '_iceberg/ticks/metadata/version-hint.text';
        await store.replaceSmall(key, Buffer.from('1'));
        expectSame(await readAll(store, key), Buffer.from('1'));
        await store.replaceSmall(key, Buffer.from('10'));
        expectSame(await readAll(await subject.reopen(), key), Buffer.from('10'));
      });

      test('leaves Iceberg metadata out of the list of objects', async () => {
        await store.replaceSmall('_iceberg/ticks/metadata/version-hint.text', Buffer.from('1'));
        await put(KEY, someBytes(10));
        const keys: string[] = [];
        for await (const { key } of store.list('')) keys.push(key);
        expect(keys).toEqual([KEY]);
      });

      test('lists what is its own where that is asked for by its directory', async () => {
        await store.putSmallIfAbsent('_tierd_audit/2026-03-31.json', Buffer.from('{}'));
        await store.replaceSmall('_iceberg/ticks/metadata/version-hint.text', Buffer.from('1'));
        await put(KEY, someBytes(10));
        expect(await listAll(store, '_tierd_audit/')).toEqual([
          { key: '_tierd_audit/2026-03-31.json', bytes: 2 },
        ]);
        expect(await listAll(store, '_iceberg/')).toEqual([
          { key: '_iceberg/ticks/metadata/version-hint.text', bytes: 1 },
        ]);
        expect((await listAll(store, '')).map(({ key }) => key)).toEqual([KEY]);
      });
    });

    describe('putIfAbsent', () => {
      test('publishes the very bytes that were staged', async () => {
        const bytes = someBytes(3_000_000);
        expect(await put(KEY, bytes)).toBe('created');
        expectSame(await readAll(store, KEY), bytes);
        expect(await store.stat(KEY)).toEqual({ bytes: 3_000_000 });
      });

      test('takes the staged file away once it is published', async () => {
        const staged = await stage(store, someBytes(100));
        await store.putIfAbsent(KEY, staged.path, staged.facts);
        await expect(stat(staged.path)).rejects.toThrow('ENOENT');
      });

      test('I4: adopts the same object when it is put again', async () => {
        const bytes = someBytes(5_000);
        await put(KEY, bytes);
        const again = await stage(store, bytes);
        expect(await store.putIfAbsent(KEY, again.path, again.facts)).toBe('already-there');
        await expect(stat(again.path)).rejects.toThrow('ENOENT');
        expectSame(await readAll(store, KEY), bytes);
      });

      test('I3: refuses another object under a taken key and keeps the first', async () => {
        const first = someBytes(5_000);
        await put(KEY, first);
        await expect(put(KEY, someBytes(5_000))).rejects.toMatchObject({ code: 'OBJECT_CONFLICT' });
        await expect(put(KEY, someBytes(4_999))).rejects.toMatchObject({ code: 'OBJECT_CONFLICT' });
        expectSame(await readAll(store, KEY), first);
      });

      test('I3: compares with what is read back now, not with what was put once', async () => {
        const bytes = someBytes(5_000);
        await put(KEY, bytes);
        const flipped = Uint8Array.from(bytes);
        flipped[2_500] = (flipped[2_500] ?? 0) ^ 1;
        await subject.plant(KEY, flipped);
        await expect(put(KEY, bytes)).rejects.toMatchObject({ code: 'OBJECT_CONFLICT' });
      });

      test('I3: of two that put different objects at once one wins and the other is told', async () => {
        for (let round = 0; round < 10; round += 1) {
          const key = KEY.replace('0123456789ab', `${String(round)}00000000000`);
          const bodies = [someBytes(2_000), someBytes(2_000)] as const;
          const second = await subject.reopen();
          const outcomes = await Promise.allSettled([
            put(key, bodies[0]),
            put(key, bodies[1], second),
          ]);
          const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled');
          const loser = outcomes[1 - winner];
          expect(loser?.status === 'rejected' && (loser.reason as TierdError).code).toBe(
            'OBJECT_CONFLICT',
          );
          expectSame(await readAll(store, key), bodies[winner === 0 ? 0 : 1]);
        }
      });

      test('I4: two that put the same object at once both succeed', async () => {
        const bytes = someBytes(2_000);
        const outcomes = await Promise.all([
          put(KEY, bytes),
          put(KEY, bytes, await subject.reopen()),
        ]);
        expect(outcomes).toContain('created');
        expectSame(await readAll(store, KEY), bytes);
      });

      test('refuses a staged file that is not what was measured', async () => {
        const staged = await stage(store, someBytes(100));
        await writeFile(staged.path, 'shorter');
        await expect(store.putIfAbsent(KEY, staged.path, staged.facts)).rejects.toMatchObject({
          code: 'STAGED_FILE_CHANGED',
        });
        expect(await store.stat(KEY)).toBeNull();
      });

      test('publishes nothing once it is told to stop', async () => {
        const staged = await stage(store, someBytes(100));
        await expect(
          store.putIfAbsent(KEY, staged.path, staged.facts, AbortSignal.abort()),
        ).rejects.toMatchObject({ code: 'INTERRUPTED' });
        expect(await store.stat(KEY)).toBeNull();
        expect(await readFile(staged.path)).toHaveLength(100);
      });

      test.each([
        ['upwards', '../outside.parquet'],
        ['upwards from within', 'ticks/../../outside.parquet'],
        ['absolute', '/etc/passwd'],
        ['with an empty part', 'ticks//a.parquet'],
        ['hidden', 'ticks/.hidden/a.parquet'],
        ['with a blank', 'ticks/a b.parquet'],
        ['beyond ASCII', 'ticks/ä.parquet'],
        ['with a backslash', 'ticks\\a.parquet'],
        ['with a NUL', 'ticks/a\0.parquet'],
        ['that names a directory', 'ticks/'],
        ['that is empty', ''],
        ['in the staging area', '_staging/x/a.parquet'],
        ['with too long a name', `ticks/${'a'.repeat(256)}`],
        ['too long as a whole', `${'a/'.repeat(600)}a`],
      ])('refuses a key %s', async (_what, key) => {
        await expect(put(key, someBytes(10))).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
        await expect(store.remove(key)).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
        await expect(store.stat(key)).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
        expect(() => store.locate(key)).toThrow();
      });
    });

    /** Where the store has it: files on this machine are opened as they are. */
    describe('ranges', () => {
      test('gives the bytes of a range of one version, and nothing of another', async () => {
        const { ranges } = store;
        if (ranges === null) return;
        const bytes = someBytes(300_000);
        await put(KEY, bytes);
        const tail = await ranges.read(KEY, { fromInclusive: 299_000, toExclusive: 300_000 }, null);
        expect(tail?.objectBytes).toBe(300_000);
        expectSame(tail?.bytes ?? new Uint8Array(), bytes.slice(299_000));
        const { version } = tail ?? { version: '' };
        const start = { fromInclusive: 4, toExclusive: 70_000 };
        const again = await ranges.read(KEY, start, version);
        expect(again?.version).toBe(version);
        expectSame(again?.bytes ?? new Uint8Array(), bytes.slice(4, 70_000));

        await subject.plant(KEY, someBytes(300_000));
        expect(await ranges.read(KEY, start, version)).toBeNull();
        const other = await ranges.read(KEY, start, null);
        expect(other?.version).not.toBe(version);
      });

      test('gives nothing of what is not all within the object', async () => {
        const { ranges } = store;
        if (ranges === null) return;
        await put(KEY, someBytes(1_000));
        for (const fromInclusive of [900, 1_000, 5_000]) {
          const range = { fromInclusive, toExclusive: fromInclusive + 200 };
          expect(await ranges.read(KEY, range, null)).toBeNull();
        }
      });

      test('says so when there is no such object', async () => {
        const { ranges } = store;
        if (ranges === null) return;
        await expect(
          ranges.read(KEY, { fromInclusive: 0, toExclusive: 4 }, null),
        ).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
      });
    });

    describe('read', () => {
      test('gives any range of the bytes', async () => {
        const bytes = someBytes(3_000_000);
        await put(KEY, bytes);
        for (const [from, to] of [
          [0, 4],
          [2_999_996, 3_000_000],
          [1_048_570, 1_048_600],
          [7, 7],
          [0, 3_000_000],
        ] as const) {
          const range = { fromInclusive: from, toExclusive: to };
          expectSame(await readAll(store, KEY, range), bytes.slice(from, to));
        }
      });

      test('says so when there is no such object', async () => {
        await expect(readAll(store, KEY)).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
        expect(await store.stat(KEY)).toBeNull();
      });

      test('stops when it is told to', async () => {
        await put(KEY, someBytes(8_000_000));
        const stop = new AbortController();
        const reading = (async () => {
          for await (const _chunk of store.read(KEY, undefined, stop.signal)) stop.abort();
        })();
        await expect(reading).rejects.toMatchObject({ code: 'INTERRUPTED' });
      });
    });

    describe('list', () => {
      test('names every object under a prefix with its size, in order', async () => {
        await put(OTHER_DAY, someBytes(12));
        await put(SIBLING, someBytes(11));
        await put(KEY, someBytes(10));
        await put(OTHER_DATASET, someBytes(13));
        expect(await listAll(store, 'ticks/')).toEqual([
          { key: KEY, bytes: 10 },
          { key: SIBLING, bytes: 11 },
          { key: OTHER_DAY, bytes: 12 },
        ]);
        expect((await listAll(store, '')).map((object) => object.key)).toEqual([
          OTHER_DATASET,
          KEY,
          SIBLING,
          OTHER_DAY,
        ]);
      });

      test('leaves the marker and what is only staged out', async () => {
        await stage(store, someBytes(10));
        expect(await listAll(store, '')).toEqual([]);
      });

      test('finds nothing under a prefix that nobody used', async () => {
        expect(await listAll(store, 'nothing/')).toEqual([]);
      });

      test('does not look outside of the lake', async () => {
        await expect(listAll(store, '../')).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
      });

      test('names foreign files too, with names that no key of ours has', async () => {
        await subject.plant('ticks/notes of März.txt', someBytes(5));
        expect(await listAll(store, '')).toEqual([{ key: 'ticks/notes of März.txt', bytes: 5 }]);
      });
    });

    describe('remove', () => {
      test('removes one object and leaves the others', async () => {
        await put(KEY, someBytes(10));
        await put(SIBLING, someBytes(11));
        await put(OTHER_DAY, someBytes(12));
        await store.remove(KEY);
        expect((await listAll(store, '')).map((object) => object.key)).toEqual([
          SIBLING,
          OTHER_DAY,
        ]);
      });

      test('I4: is content when the object is gone already', async () => {
        await store.remove(KEY);
        await put(KEY, someBytes(10));
        await store.remove(KEY);
        await store.remove(KEY);
        expect(await store.stat(KEY)).toBeNull();
      });

      test('makes room for another object under the same key', async () => {
        await put(KEY, someBytes(10));
        await store.remove(KEY);
        const bytes = someBytes(20);
        expect(await put(KEY, bytes)).toBe('created');
        expectSame(await readAll(store, KEY), bytes);
      });

      test('races safely with puts into the partition that it empties', async () => {
        const second = await subject.reopen();
        for (let round = 0; round < 20; round += 1) {
          await put(KEY, someBytes(10));
          const kept = someBytes(20);
          await Promise.all([store.remove(KEY), put(SIBLING, kept, second)]);
          expectSame(await readAll(store, SIBLING), kept);
          await store.remove(SIBLING);
        }
      });
    });

    describe('the marker', () => {
      test('says which lake it is, and is made once', async () => {
        expect(await readLakeMarker(store)).toEqual({ lakeId: 'lake-1' });
        expect(await ensureLakeMarker(await subject.reopen(), 'lake-2')).toEqual({
          lakeId: 'lake-1',
        });
      });

      test('is the same for all that make it at once', async () => {
        await store.remove('_tierd_lake.json');
        const stores = await Promise.all([1, 2, 3, 4].map(() => subject.reopen()));
        const markers = await Promise.all(
          stores.map((each) => ensureLakeMarker(each, randomUUID())),
        );
        const lasting = await readLakeMarker(store);
        for (const marker of markers) expect(marker).toEqual(lasting);
      });

      test('I1: without it nothing is published, for the disk may not be mounted', async () => {
        await store.remove('_tierd_lake.json');
        await expect(put(KEY, someBytes(10))).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });
        expect(await listAll(store, '')).toEqual([]);
      });

      test('tells a lake that the ledger does not know, and a foreign marker', async () => {
        const marker = await readLakeMarker(store);
        expect(() => assertSameLake(marker, 'lake-1', store.place, null)).not.toThrow();
        expect(() => assertSameLake(null, null, store.place, null)).not.toThrow();
        expect(() => assertSameLake(marker, 'lake-9', store.place, null)).toThrow(/lake-9/);
        expect(() => assertSameLake(null, 'lake-1', store.place, null)).toThrow(
          /_tierd_lake\.json/,
        );
        await subject.plant('_tierd_lake.json', new TextEncoder().encode('{"hello":'));
        await expect(readLakeMarker(store)).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });
      });
    });

    test('tells whether it can be written, and leaves nothing of the probe', async () => {
      await store.checkWritable();
      expect(await listAll(store, '')).toEqual([]);
      await store.lookWritable();
    });

    test('tells how much room there is, where there is a limit', async () => {
      const bytes = await store.freeBytes();
      expect(bytes === null || bytes > 0).toBe(true);
    });
  });
}

/** Random, so that no two bodies of a test are equal by chance. */
function someBytes(length: number): Uint8Array {
  return Uint8Array.from(randomBytes(length));
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** By digest: comparing megabytes element by element takes seconds. */
function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect([actual.byteLength, digestOf(actual)]).toEqual([expected.byteLength, digestOf(expected)]);
}

async function stage(
  store: ObjectStore,
  bytes: Uint8Array,
): Promise<{ path: string; facts: ObjectFacts }> {
  const path = join(store.stagingRoot, randomUUID(), 'part-0.parquet');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return { path, facts: { bytes: bytes.byteLength, sha256: digestOf(bytes) } };
}

async function readAll(
  store: ObjectStore,
  key: string,
  range?: { fromInclusive: number; toExclusive: number },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(key, range)) chunks.push(Buffer.from(chunk));
  return Uint8Array.from(Buffer.concat(chunks));
}

async function listAll(store: ObjectStore, prefix: string): Promise<ListedObject[]> {
  const found: ListedObject[] = [];
  for await (const object of store.list(prefix)) found.push(object);
  return found;
}
