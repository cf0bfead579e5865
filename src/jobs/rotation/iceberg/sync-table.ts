/**
 * Brings a dataset's Iceberg table to what the ledger says before a run moves anything: where it has
 * just been configured, where a column was renamed, where the lake has another path, and where
 * segments changed without it. Where it is no longer configured the table goes: it would soon
 * be wrong. Where the lake has a later version than the ledger it begins anew, after that one. Here, and in no move,
 * its manifests are merged.
 */
import type pg from 'pg';
import { chooseMerges } from '../../../catalogue/merge-manifests.ts';
import { pathKeys } from '../../../catalogue/next-snapshot.ts';
import { inTransaction } from '../../../hot/transaction.ts';
import { icebergFolder } from '../../../lake/object-key.ts';
import { readSmall } from '../../../lake/read-small.ts';
import { listManifests, readIcebergTable } from '../../../ledger/iceberg.ts';
import { dropIcebergTable } from '../../../ledger/iceberg-objects.ts';
import { assertLease } from '../../../ledger/lease.ts';
import { limitsUnderLease } from '../../limits-under-lease.ts';
import type { JobRooms } from '../rooms.ts';
import type { RunContext } from '../staged-move.ts';
import { commitSnapshot } from './commit-snapshot.ts';
import { prepareSnapshot, type SegmentChange } from './prepare-snapshot.ts';
import { showByPath } from './show-by-path.ts';

export async function syncTable(rooms: JobRooms, run: RunContext, db: pg.Client): Promise<void> {
  const { dataset, lease } = run;
  const table = await readIcebergTable(db, dataset.name);
  const { hint } = pathKeys(icebergFolder(dataset.name), 0);
  const isHinted = (await rooms.store.stat(hint)) !== null;
  const under = <T>(doing: string, work: () => Promise<T>): Promise<T> =>
    inTransaction(
      db,
      {
        doing: `${doing} the Iceberg table of ${dataset.name}`,
        isolation: 'read committed',
        readOnly: false,
        limits: limitsUnderLease(rooms.settings),
      },
      async () => {
        const result = await work();
        await assertLease(db, lease);
        return result;
      },
    );
  if (!dataset.iceberg) {
    if (table !== null) await under('removing', () => dropIcebergTable(db, dataset.name));
    // Every time, for one that was killed in between would leave it: readers by path must not go on.
    if (isHinted) await rooms.store.remove(hint);
    return;
  }
  // The ledger was set back, as by a restored backup, and its next version would be one that readers by path have.
  if (table !== null && isHinted && Number(await readSmall(rooms.store, hint)) > table.version) {
    await under('beginning anew', () => dropIcebergTable(db, dataset.name));
  }
  // First what a killed run could not show, for the next version would leave its half-written file.
  await showByPath(rooms, db, dataset.name);
  const bring = async (change: Partial<SegmentChange>): Promise<void> => {
    const next = await prepareSnapshot(rooms, run, db, { moveId: null, goneKeys: [], ...change });
    if (next === null) return;
    await under('writing', () => commitSnapshot(rooms, db, dataset.name, next));
  };
  await bring({});
  const merged = chooseMerges(await listManifests(db, dataset.name));
  if (merged.length > 0) await bring({ merged, isSameRows: true });
  await showByPath(rooms, db, dataset.name);
}
