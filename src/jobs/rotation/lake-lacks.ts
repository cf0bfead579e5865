/**
 * Whether the lake lacks segments that this ledger published into it. A copy of a lake carries its marks; one
 * that was made before the last publication, or is not finished, does not carry that.
 */
import type pg from 'pg';
import type { LakeLack, RememberedLake } from '../../domain/lake/lake-owner.ts';
import type { ObjectStore, ReadableStore } from '../../lake/object-store.ts';
import { listExpected, newestExpected } from '../../ledger/expected-in-lake.ts';

/**
 * One look at what was published last, and a list of the lake where it lies at another place than the last time.
 *
 * @param isThorough false: never a list
 */
export async function lookForLack(
  store: ObjectStore,
  db: pg.Client,
  remembered: RememberedLake | null,
  isThorough: boolean,
): Promise<LakeLack | null> {
  if (remembered?.isMarked !== true) return null;
  const isElsewhere = remembered.usedAt !== null && remembered.usedAt !== store.place;
  if (isThorough && isElsewhere) return lackOfAll(store, db, remembered);
  const key = await missingNewest(store, db);
  return key === null ? null : { key, usedAt: isElsewhere ? remembered.usedAt : null, count: null };
}

async function missingNewest(store: ReadableStore, db: pg.Client): Promise<string | null> {
  for (let before: string | null = null; ; ) {
    const newest = await newestExpected(db);
    if (newest === null) return null;
    // Twice the same: it was not replaced and removed while it was looked for.
    if (newest.key === before) return before;
    if ((await store.stat(newest.key)) !== null) return null;
    before = newest.key;
  }
}

async function lackOfAll(
  store: ObjectStore,
  db: pg.Client,
  { usedAt }: RememberedLake,
): Promise<LakeLack | null> {
  const expected = await listExpected(db);
  const missing = new Map(expected.map(({ key, bytes }) => [key, bytes]));
  for await (const { key, bytes } of store.list('')) {
    if (missing.get(key) === bytes) missing.delete(key);
  }
  const now = new Set((await listExpected(db)).map(({ key }) => key));
  const keys = [...missing.keys()].filter((key) => now.has(key));
  const [key] = keys;
  if (key === undefined) return null;
  return { key, usedAt, count: { missing: keys.length, all: expected.length } };
}
