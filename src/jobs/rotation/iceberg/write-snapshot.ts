/** A snapshot of a transaction of its own, where no move makes it true. */
import type pg from 'pg';
import { chooseMerges } from '../../../catalogue/merge-manifests.ts';
import { inTransaction } from '../../../hot/transaction.ts';
import { listManifests } from '../../../ledger/iceberg.ts';
import { assertLease } from '../../../ledger/lease.ts';
import { limitsUnderLease } from '../../limits-under-lease.ts';
import type { JobRooms } from '../rooms.ts';
import type { RunContext } from '../staged-move.ts';
import { commitSnapshot } from './commit-snapshot.ts';
import { prepareSnapshot, type SegmentChange } from './prepare-snapshot.ts';

/** Nothing to do where the table is what it would be. */
export async function writeSnapshot(
  rooms: JobRooms,
  run: RunContext,
  db: pg.Client,
  change: Partial<SegmentChange> = {},
): Promise<void> {
  const next = await prepareSnapshot(rooms, run, db, { moveId: null, goneKeys: [], ...change });
  if (next === null) return;
  await changeTable(rooms, run, db, 'writing', () =>
    commitSnapshot(rooms, db, run.dataset.name, next),
  );
}

/** Many small manifests become one: who reads the table opens each. */
export async function mergeManifests(
  rooms: JobRooms,
  run: RunContext,
  db: pg.Client,
): Promise<void> {
  const merged = chooseMerges(await listManifests(db, run.dataset.name));
  if (merged.length > 0) await writeSnapshot(rooms, run, db, { merged, isSameRows: true });
}

/** In a transaction, which is undone where the lease is lost. */
export function changeTable(
  { settings }: JobRooms,
  { dataset, lease }: RunContext,
  db: pg.Client,
  doing: string,
  work: () => Promise<void>,
): Promise<void> {
  return inTransaction(
    db,
    {
      doing: `${doing} the Iceberg table of ${dataset.name}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(settings),
    },
    async () => {
      await work();
      await assertLease(db, lease);
    },
  );
}
