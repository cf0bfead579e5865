/** Looks at ledger, catalogue and clocks, and lets the pure planner decide. Changes nothing (I7). */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { type ExpiryPlan, planExpiry } from '../../domain/plan/expiry.ts';
import { isHolding } from '../../domain/plan/holds.ts';
import { isActive } from '../../domain/plan/pins.ts';
import { groupOverlapping } from '../../domain/plan/regions.ts';
import type { TableDescription } from '../../domain/table.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { sumColdSlices } from '../../ledger/cold-slices.ts';
import { listHolds } from '../../ledger/holds.ts';
import { listPins } from '../../ledger/pins.ts';
import { readClocks } from '../clock-facts.ts';
import { gatherColumns } from '../gather-columns.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import type { FieldIds } from '../rotation/plan/field-ids.ts';
import type { LookingRooms } from '../rotation/rooms.ts';

export interface GatheredExpiry {
  readonly plan: ExpiryPlan;
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  readonly fieldIds: FieldIds;
}

/** All facts of the database are of one snapshot. Throws TABLE_NOT_FOUND and what `describeTable` throws. */
export async function gatherExpiry(
  { clock, settings }: Pick<LookingRooms, 'clock' | 'settings'>,
  db: pg.Client,
  dataset: Dataset,
  { mayEmpty }: { readonly mayEmpty: boolean },
): Promise<GatheredExpiry> {
  const doing = `planning the expiry of ${dataset.name}`;
  return inPlanningSnapshot(settings, db, doing, async () => {
    const { name, timeColumn, timeUnit } = dataset;
    const clocks = await readClocks(clock, db, name);
    const table = await describeTable(db, dataset.table, timeColumn, timeUnit);
    const { columns, fieldIds } = await gatherColumns(db, dataset, table);
    const slices = await sumColdSlices(db, name);
    const pins = await listPins(db, name);
    const holds = await listHolds(db, name);
    // A clock that ran ahead must not end a hold.
    const earliest = Math.min(clocks.now, clocks.databaseNow);
    const plan = planExpiry({
      dataset,
      slices,
      clock: clocks,
      tableNow: tableClock(dataset, clocks.now),
      longestPartMs: longestPart(table),
      pinned: pins.filter((pin) => isActive(pin, earliest)).map(({ range }) => range),
      holds: holds.filter((hold) => isHolding(hold, earliest)),
      mayEmpty,
    });
    return { plan, table, columns, fieldIds };
  });
}

function longestPart({ parts }: TableDescription): number {
  return groupOverlapping(parts).reduce(
    (longest, { range }) => Math.max(longest, range.toExclusive - range.fromInclusive),
    0,
  );
}
