/** Each column's field id, and the labels of its enum, from the ledger and into it (I13). */
import type pg from 'pg';
import { newLabels } from '../../../domain/lake/enum-labels.ts';
import {
  areRecorded,
  assignFieldIds,
  type FieldColumn,
  type KnownColumn,
} from '../../../domain/lake/field-ids.ts';
import type { TableDescription } from '../../../domain/table.ts';
import { readColumnPlaces } from '../../../hot/table/column-places.ts';
import { readEnumLabels } from '../../../hot/table/enum-labels.ts';
import { inTransaction } from '../../../hot/transaction.ts';
import { listColumns, recordColumns } from '../../../ledger/columns.ts';
import { type LabelsByField, listEnumLabels, noteEnumLabels } from '../../../ledger/enum-labels.ts';
import { assertLease } from '../../../ledger/lease.ts';
import { migrationStatus } from '../../../ledger/migrate.ts';
import { limitsUnderLease } from '../../limits-under-lease.ts';
import type { JobRooms } from '../rooms.ts';
import type { RunContext } from '../staged-move.ts';

export interface FieldIds {
  readonly known: readonly KnownColumn[];
  readonly fields: readonly FieldColumn[];
  readonly labels: {
    /** That rows of the lake may have. */
    readonly recorded: LabelsByField;
    /** In the order of their type. */
    readonly current: LabelsByField;
  };
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
  const fields = assignFieldIds(known, await readColumnPlaces(db, table.oid));
  const recorded: LabelsByField = isReady ? await listEnumLabels(db, dataset) : new Map();
  const labels = { recorded, current: await readEnumLabels(db, table.oid, fields) };
  return { known, fields, labels };
}

/** Before the first file that carries them, so that no id is ever given twice. Throws LEASE_LOST. */
export async function recordFieldIds(
  rooms: Pick<JobRooms, 'settings'>,
  db: pg.Client,
  run: Pick<RunContext, 'dataset' | 'lease'>,
  { known, fields }: FieldIds,
): Promise<void> {
  if (areRecorded(known, fields)) return;
  await noting(rooms, db, run, () => recordColumns(db, run.dataset.name, fields));
}

/** Before the first file of rows that are hot, so that no label is unknown that rows of the lake have. Throws LEASE_LOST. */
export async function recordLabels(
  rooms: Pick<JobRooms, 'settings'>,
  db: pg.Client,
  run: Pick<RunContext, 'dataset' | 'lease'>,
  { labels: { recorded, current } }: FieldIds,
): Promise<void> {
  const unknown = new Map(
    [...current]
      .map(([id, labels]) => [id, newLabels(recorded.get(id) ?? [], labels)] as const)
      .filter(([, labels]) => labels.length > 0),
  );
  if (unknown.size === 0) return;
  await noting(rooms, db, run, () => noteEnumLabels(db, run.dataset.name, unknown));
}

function noting(
  rooms: Pick<JobRooms, 'settings'>,
  db: pg.Client,
  { dataset, lease }: Pick<RunContext, 'dataset' | 'lease'>,
  note: () => Promise<void>,
): Promise<void> {
  return inTransaction(
    db,
    {
      doing: `noting the columns of ${dataset.name}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      await note();
      await assertLease(db, lease);
    },
  );
}
