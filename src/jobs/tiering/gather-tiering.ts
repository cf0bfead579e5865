/** Looks at the ledger for what is old enough to go far, and for near copies that nobody reads any more. Changes nothing (I7). */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { earliestNow, guardClock } from '../../domain/plan/clock-guard.ts';
import { farBefore, type TieringPlan } from '../../domain/plan/tiering.ts';
import type { TableDescription } from '../../domain/table.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { listDueForFar, listNearNeedless } from '../../ledger/tiers.ts';
import { readClocks } from '../clock-facts.ts';
import { gatherColumns } from '../gather-columns.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import type { FieldIds } from '../rotation/plan/field-ids.ts';
import type { LookingRooms } from '../rotation/rooms.ts';

export interface GatheredTiering {
  readonly plan: TieringPlan;
  readonly table: TableDescription;
  /** As new segments of the table would have them. */
  readonly columns: readonly ColumnPlan[];
  readonly fieldIds: FieldIds;
}

/** All facts of the database are of one snapshot. Throws TABLE_NOT_FOUND and what `describeTable` throws. */
export async function gatherTiering(
  { clock, settings }: Pick<LookingRooms, 'clock' | 'settings'>,
  db: pg.Client,
  dataset: Dataset,
  far: string,
): Promise<GatheredTiering> {
  const doing = `planning what of ${dataset.name} goes far`;
  return inPlanningSnapshot(settings, db, doing, async () => {
    const { name, timeColumn, timeUnit, limits } = dataset;
    const table = await describeTable(db, dataset.table, timeColumn, timeUnit);
    const { columns, fieldIds } = await gatherColumns(db, dataset, table);
    const clocks = await readClocks(clock, db, name);
    // By a clock that ran ahead nothing goes early, and what others may still read goes by no clock that is in doubt.
    const before = farBefore(dataset, tableClock(dataset, earliestNow(limits, clocks)));
    const isClockRight = guardClock(limits, clocks).length === 0;
    const plan = {
      dataset: name,
      before,
      far,
      due: before === null ? [] : await listDueForFar(db, name, before),
      needless: isClockRight ? await listNearNeedless(db, name, settings.gracePeriodMs) : [],
    };
    return { plan, table, columns, fieldIds };
  });
}
