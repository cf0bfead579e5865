import type { Check } from '../domain/check.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { listManifests, newestHead } from '../lake/manifest.ts';
import { MANIFEST_DIRECTORY } from '../lake/object-key.ts';
import type { ObjectStore } from '../lake/object-store.ts';
import { summarizeMonths } from '../ledger/manifest.ts';
import { checkEach } from './check-each.ts';
import { isOfMonths } from './manifest/is-of-months.ts';
import type { LookingRooms } from './rotation/rooms.ts';

/** A run goes on where its manifest can't be written, and nobody would miss it before the database is lost. */
export async function checkManifests(
  rooms: Pick<LookingRooms, 'connect'>,
  store: ObjectStore,
  datasets: readonly Dataset[],
): Promise<readonly Check[]> {
  return checkEach(rooms, datasets, async (db, name) => {
    const months = await summarizeMonths(db, name);
    if (months.length === 0) return null;
    const found = await behind(store, name, months);
    if (found === null) return null;
    return {
      name: `dataset:${name}:manifest`,
      status: 'warning',
      found: `${found}: \`tierd adopt\` would know the lake by it, were the database lost`,
      advice: `look whether ${store.place}/${MANIFEST_DIRECTORY}/${name} can be written; the next run of a job on ${name} writes it, unless one is running now`,
    };
  });
}

/** Null where the newest manifest has what the ledger has. */
async function behind(
  store: ObjectStore,
  dataset: string,
  months: Parameters<typeof isOfMonths>[1],
): Promise<string | null> {
  try {
    const head = await newestHead(store, await listManifests(store, dataset));
    if (head === null) return 'the lake has no manifest of it';
    if (isOfMonths(head, months)) return null;
    return `the newest manifest in the lake, of ${new Date(head.at).toISOString()}, is behind the ledger`;
  } catch (error) {
    if (!(error instanceof TierdError)) throw error;
    return `its manifest can't be read (${error.message})`;
  }
}
