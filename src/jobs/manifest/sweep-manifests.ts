/** Manifests that nobody needs any more are removed from the lake. */
import type pg from 'pg';
import type { ManifestHead } from '../../domain/lake/lake-manifest.ts';
import { listManifests, needlessManifests, readKeptHeads, readPart } from '../../lake/manifest.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import { statesOfKeys } from '../../ledger/adoption.ts';
import { assertStillOwnLake } from '../rotation/own-lake.ts';
import type { JobRooms } from '../rotation/rooms.ts';

/** Each time: a run that was killed has left parts that no head names. */
export async function sweepManifests(
  rooms: JobRooms,
  db: pg.Client,
  dataset: string,
): Promise<void> {
  const { store } = rooms;
  const folder = await listManifests(store, dataset);
  const kept = await readKeptHeads(store, folder);
  const outdated = await outdatedHeads(store, db, kept);
  for (const key of needlessManifests(folder, kept, outdated)) {
    await assertStillOwnLake(rooms, db);
    await store.remove(key);
  }
}

/**
 * Those before the newest that name a file that is gone: with it its smallest and largest values have to be, and nobody
 * could adopt the lake by such a head.
 */
async function outdatedHeads(
  store: ObjectStore,
  db: pg.Client,
  [newest, ...older]: readonly ManifestHead[],
): Promise<readonly ManifestHead[]> {
  const current = new Set(newest?.parts.map(({ key }) => key));
  const outdated: ManifestHead[] = [];
  for (const head of older) {
    const replaced = head.parts.filter(({ key }) => !current.has(key));
    if (await nameRemoved(store, db, replaced)) outdated.push(head);
  }
  return outdated;
}

async function nameRemoved(
  store: ObjectStore,
  db: pg.Client,
  parts: ManifestHead['parts'],
): Promise<boolean> {
  for (const part of parts) {
    const slices = (await readPart(store, part)) ?? [];
    const keys = slices.flatMap(({ segments }) => segments.map(({ key }) => key));
    if ([...(await statesOfKeys(db, keys)).values()].includes('removed')) return true;
  }
  return false;
}
