/** Each column's field id, from the ledger and into it (I13). */
import type pg from 'pg';
import {
  areRecorded,
  assignFieldIds,
  type FieldColumn,
  type KnownColumn,
} from '../../../domain/lake/field-ids.ts';
import type { TableDescription } from '../../../domain/table.ts';
import { readColumnPlaces } from '../../../hot/table/column-places.ts';
import { inTransaction } from '../../../hot/transaction.ts';
import { listColumns, recordColumns } from '../../../ledger/columns.ts';
import { assertLease } from '../../../ledger/lease.ts';
import { migrationStatus } from '../../../ledger/migrate.ts';
import { limitsUnderLease } from '../../limits-under-lease.ts';
import type { JobRooms } from '../rooms.ts';
import type { RunContext } from '../staged-move.ts';

export interface FieldIds {
  readonly known: readonly KnownColumn[];
  readonly fields: readonly FieldColumn[];
}

/** Reads and decides; changes nothing (I7). */
export async function gatherFieldIds(
  db: pg.Client,
  dataset: string,
  table: TableDescription,
): Promise<FieldIds> {
  // A plan may be asked for before there is a ledger, or with one that is not migrated yet.
  const isReady = (await migrationStatus(db)).pending.length === 0;
  const known = isReady ? await listColumns(db, dataset) : [];
  return { known, fields: assignFieldIds(known, await readColumnPlaces(db, table.oid)) };
}

/** Before the first file that carries them, so that no id is ever given twice. Throws LEASE_LOST. */
export async function recordFieldIds(
  rooms: Pick<JobRooms, 'settings'>,
  db: pg.Client,
  { dataset, lease }: Pick<RunContext, 'dataset' | 'lease'>,
  { known, fields }: FieldIds,
): Promise<void> {
  if (areRecorded(known, fields)) return;
  await inTransaction(
    db,
    {
      doing: `noting the columns of ${dataset.name}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      await recordColumns(db, dataset.name, fields);
      await assertLease(db, lease);
    },
  );
}
