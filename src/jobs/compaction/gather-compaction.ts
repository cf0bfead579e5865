/** Looks at ledger, catalogue and the lake's disk, and lets the pure planner decide. Changes nothing (I7). */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { earliestNow } from '../../domain/plan/clock-guard.ts';
import { type CompactionPlan, planCompaction } from '../../domain/plan/compaction.ts';
import { isActive } from '../../domain/plan/pins.ts';
import { cutoffsOf } from '../../domain/plan/regions.ts';
import type { TableDescription } from '../../domain/table.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { sumColdSlices } from '../../ledger/cold-slices.ts';
import { listPins } from '../../ledger/pins.ts';
import { readClocks } from '../clock-facts.ts';
import { gatherColumns } from '../gather-columns.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import type { FieldIds } from '../rotation/plan/field-ids.ts';
import type { LookingRooms } from '../rotation/rooms.ts';
import { coldSliceOf } from './cold-slice.ts';

export interface GatheredCompaction {
  readonly plan: CompactionPlan;
  readonly table: TableDescription;
  /** As new segments of the table would have them. */
  readonly columns: readonly ColumnPlan[];
  readonly fieldIds: FieldIds;
}

/** All facts of the database are of one snapshot. Throws TABLE_NOT_FOUND and what `describeTable` throws. */
export async function gatherCompaction(
  { clock, settings, store }: Pick<LookingRooms, 'clock' | 'settings' | 'store'>,
  db: pg.Client,
  dataset: Dataset,
  rewriteBefore?: EpochMs,
): Promise<GatheredCompaction> {
  const doing = `planning the compaction of ${dataset.name}`;
  const freeBytes = await store.freeBytes();
  return inPlanningSnapshot(settings, db, doing, async () => {
    const { name, timeColumn, timeUnit, targetFileBytes } = dataset;
    // The months of a clock that ran ahead are not closed, and no pin ends by it.
    const now = earliestNow(dataset.limits, await readClocks(clock, db, name));
    const table = await describeTable(db, dataset.table, timeColumn, timeUnit);
    const { columns, fieldIds } = await gatherColumns(db, dataset, table);
    const slices = await sumColdSlices(db, name);
    const pins = await listPins(db, name);
    const plan = planCompaction({
      dataset: name,
      targetFileBytes,
      slices: slices.flatMap(coldSliceOf),
      closedBefore: cutoffsOf(dataset, tableClock(dataset, now)).aged,
      pinned: pins.filter((pin) => isActive(pin, now)).map(({ range }) => range),
      rewriteBefore,
      freeBytes,
      minFreeBytes: dataset.limits.minFreeBytes,
    });
    return { plan, table, columns, fieldIds };
  });
}
