/** Looks for the rows in the lake and in PostgreSQL, and lets the pure planner decide. Changes nothing (I7). */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import { ownTimeColumn } from '../../domain/lake/own-time-column.ts';
import { type DeletionPlan, planDeletion, type ThinnedSlice } from '../../domain/plan/deletion.ts';
import type { TableDescription } from '../../domain/table.ts';
import { msOfUs } from '../../domain/time/time-range.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import type { ChosenCount } from '../../lake/chosen-rows.ts';
import { sumColdSlices } from '../../ledger/cold-slices.ts';
import { findSlicesOf, type LiveSlice } from '../../ledger/replaced-slices.ts';
import { countInSlice } from '../count-in-slice.ts';
import { gatherColumns } from '../gather-columns.ts';
import { holdingNow } from '../holding-now.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import type { FieldIds } from '../rotation/plan/field-ids.ts';
import type { DeletionWish, LookingDeletionRooms, ReadCondition } from './rooms.ts';

export interface GatheredDeletion {
  readonly plan: DeletionPlan;
  readonly condition: ReadCondition;
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  readonly fieldIds: FieldIds;
}

/**
 * All facts of the ledger are of one snapshot. The files are read after it has ended: under the lease nobody
 * changes them, and without it only a plan is made.
 *
 * Throws QUERY_INVALID, QUERY_NOT_ALLOWED, TABLE_NOT_FOUND, HOT_ROWS_EXCEEDED, LAKE_UNREADABLE.
 */
export async function gatherDeletion(
  rooms: LookingDeletionRooms,
  db: pg.Client,
  dataset: Dataset,
  wish: DeletionWish,
  signal: AbortSignal,
): Promise<GatheredDeletion> {
  const { span, coldOnly, mayEmpty } = wish;
  const freeBytes = await rooms.store.freeBytes();
  const { slices, holds, coldRows, ...found } = await lookAtLedger(rooms, db, dataset, wish);
  const hotRows = await countHot(rooms, dataset, found.condition, coldOnly);
  const thinned: ThinnedSlice[] = [];
  for (const slice of slices) {
    const timeColumn = ownTimeColumn(found.table.timeColumn, found.columns, slice.columns);
    const choice = { ...rooms, ...found, columns: slice.columns, timeColumn, signal };
    const chosen = await countInSlice(rooms, choice, slice);
    if (chosen.rows > 0) thinned.push(thinnedOf(slice, chosen));
  }
  const { minFreeBytes } = dataset.limits;
  const plan = planDeletion({
    dataset,
    span,
    coldRows,
    slices: thinned,
    hotRows,
    coldOnly,
    mayEmpty,
    holds,
    freeBytes,
    minFreeBytes,
  });
  return { ...found, plan };
}

async function lookAtLedger(
  rooms: LookingDeletionRooms,
  db: pg.Client,
  dataset: Dataset,
  { where, span }: DeletionWish,
) {
  const { name, timeUnit } = dataset;
  const doing = `planning a deletion from ${name}`;
  return inPlanningSnapshot(rooms.settings, db, doing, async () => {
    const table = await describeTable(db, dataset.table, dataset.timeColumn, timeUnit);
    const { columns, fieldIds } = await gatherColumns(db, dataset, table);
    const { timeColumn } = table;
    const condition = await rooms.readCondition(db, { where, span, columns, timeColumn });
    const slices = await findSlicesOf(db, name, condition.candidates);
    const sums = await sumColdSlices(db, name);
    const holds = await holdingNow(rooms, db, name);
    const coldRows = sums.reduce((sum, { rows }) => sum + rows, 0);
    return { table, fieldIds, columns, condition, slices, holds, coldRows };
  });
}

/** Null where there are too many to be looked at, and nobody minds. */
async function countHot(
  { countHot: count }: LookingDeletionRooms,
  { name }: Dataset,
  { hotCount }: ReadCondition,
  coldOnly: boolean,
): Promise<number | null> {
  try {
    return await count(hotCount);
  } catch (error) {
    if (!(error instanceof TierdError) || error.code !== 'HOT_ROWS_EXCEEDED') throw error;
    if (coldOnly) return null;
    throw new TierdError({
      code: error.code,
      message: `How many hot rows of ${name} match could not be counted: ${error.message}`,
      hint: 'narrow it with --from and --to, raise query.max_hot_rows, or leave hot rows out of account with --cold-only',
      context: error.context,
      cause: error,
    });
  }
}

function thinnedOf(
  { id, range, fingerprint, segments }: LiveSlice,
  { rows, minTimeUs, maxTimeUs }: ChosenCount,
): ThinnedSlice {
  return {
    id,
    range,
    chosen: rows,
    chosenSpan: {
      fromInclusive: msOfUs(minTimeUs),
      toExclusive: msOfUs(maxTimeUs) + 1,
    },
    rows: fingerprint.rows,
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    segments: segments.length,
  };
}
