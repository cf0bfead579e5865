/**
 * Whether the lake remembers more of this ledger than the ledger itself. A disk of the database that is put
 * back, or copied and started, has the same identifiers, timeline and tables: only what jobs left in the lake tells.
 */
import { TierdError } from '../../domain/errors.ts';
import type { LakeAhead, RememberedLake } from '../../domain/lake/lake-owner.ts';
import { listManifests, listNamed, newestHead } from '../../lake/manifest.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import { readAudit } from '../../ledger/audit.ts';
import type { Queryable } from '../../ledger/queryable.ts';

/** Those of which a manifest lies in the lake, or those named. */
export type DatasetsToLookAt = 'all' | readonly string[];

export async function lookAhead(
  store: ObjectStore,
  db: Queryable,
  remembered: RememberedLake | null,
  datasets: DatasetsToLookAt,
): Promise<LakeAhead | null> {
  if (remembered?.isMarked !== true) return null;
  try {
    for (const name of datasets === 'all' ? await listNamed(store) : datasets) {
      const ahead = await aheadOf(store, db, remembered, name);
      if (ahead !== null) return ahead;
    }
  } catch (error) {
    // A run goes on where a manifest can't be read: `tierd doctor` tells, and nothing else depends on it.
    if (!(error instanceof TierdError)) throw error;
  }
  return null;
}

async function aheadOf(
  store: ObjectStore,
  db: Queryable,
  { ledgerId, epoch }: RememberedLake,
  name: string,
): Promise<LakeAhead | null> {
  // The lake first: the ledger only grows, and has each entry before the lake does.
  const head = await newestHead(store, await listManifests(store, name));
  if (head?.ledgerId !== ledgerId || head.epoch !== epoch) return null;
  const { audit, renamedTo, at } = head;
  // The last word under a former name speaks of the new name's log.
  if (audit === null || renamedTo !== null) return null;
  const { number: entry, hash } = audit;
  const [own] = await readAudit(db, { chain: name, after: entry - 1n, limit: 1 });
  if (own?.hash === hash) return null;
  return { dataset: name, entry, at: new Date(at).toISOString() };
}
