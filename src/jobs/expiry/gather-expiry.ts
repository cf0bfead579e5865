/** Looks at ledger, catalogue and clocks, and lets the pure planner decide. Changes nothing (I7). */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { assertNamedColumns } from '../../domain/columns/named-columns.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { type ExpiryPlan, planExpiry } from '../../domain/plan/expiry.ts';
import { isHolding } from '../../domain/plan/holds.ts';
import { isActive } from '../../domain/plan/pins.ts';
import { groupOverlapping } from '../../domain/plan/regions.ts';
import { bordersOf, type IntervalRows, newestBorder } from '../../domain/plan/retention.ts';
import type { TableDescription } from '../../domain/table.ts';
import { tableClock } from '../../domain/time/time-zone.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { sumColdSlices } from '../../ledger/cold-slices.ts';
import { listHolds } from '../../ledger/holds.ts';
import { listPins } from '../../ledger/pins.ts';
import { listSliceIntervals, seenIntervals } from '../../ledger/slice-intervals.ts';
import { readClocks } from '../clock-facts.ts';
import { gatherColumns } from '../gather-columns.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import type { FieldIds } from '../rotation/plan/field-ids.ts';
import type { LookingRooms } from '../rotation/rooms.ts';
import { countIntervals } from './count-intervals.ts';
import type { LookingExpiryRooms } from './rooms.ts';

export interface GatheredExpiry {
  readonly plan: ExpiryPlan;
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  readonly fieldIds: FieldIds;
}

export interface Gathering {
  readonly mayEmpty: boolean;
  /** Whether what is read of slices is written down. */
  readonly keeps: boolean;
  readonly signal: AbortSignal;
}

/**
 * All facts of the database are of one snapshot. Files are read after it has ended, where rows are kept by their
 * interval: under the lease nobody changes them, and without it only a plan is made.
 *
 * Throws TABLE_NOT_FOUND, and what `describeTable` and `countIntervals` throw.
 */
export async function gatherExpiry(
  rooms: LookingExpiryRooms,
  db: pg.Client,
  dataset: Dataset,
  { mayEmpty, keeps, signal }: Gathering,
): Promise<GatheredExpiry> {
  const { intervalColumn, coldDaysByInterval } = dataset;
  const freeBytes = await rooms.store.freeBytes();
  const { table, columns, fieldIds, known, ...facts } = await lookAtLedger(rooms, db, dataset);
  const newest = newestBorder(bordersOf(dataset, facts.tableNow)) ?? -Infinity;
  const slices = facts.slices.filter(({ range }) => range.toExclusive <= newest);
  const isByInterval = intervalColumn !== undefined && coldDaysByInterval !== undefined;
  const counts = isByInterval
    ? await countIntervals(rooms, db, {
        dataset,
        intervalColumn,
        columns,
        slices,
        known,
        keeps,
        signal,
      })
    : new Map<string, readonly IntervalRows[]>();
  const seen = new Set([...facts.seen, ...[...counts.values()].flat().flatMap(intervalOf)]);
  const plan = planExpiry({ ...facts, dataset, counts, seen, freeBytes, mayEmpty });
  return { plan, table, columns, fieldIds };
}

const intervalOf = ({ interval }: IntervalRows): readonly string[] =>
  interval === null ? [] : [interval];

async function lookAtLedger(
  { clock, settings }: Pick<LookingRooms, 'clock' | 'settings'>,
  db: pg.Client,
  dataset: Dataset,
) {
  const doing = `planning the expiry of ${dataset.name}`;
  return inPlanningSnapshot(settings, db, doing, async () => {
    const { name, timeColumn, timeUnit, coldDaysByInterval } = dataset;
    const clocks = await readClocks(clock, db, name);
    const table = await describeTable(db, dataset.table, timeColumn, timeUnit);
    // Without it all rows would be kept for ever, and nobody told why.
    if (coldDaysByInterval !== undefined) assertNamedColumns({ ...dataset, sortBy: [] }, table);
    const { columns, fieldIds } = await gatherColumns(db, dataset, table);
    const slices = await sumColdSlices(db, name);
    const pins = await listPins(db, name);
    const holds = await listHolds(db, name);
    const isByInterval = coldDaysByInterval !== undefined;
    // A clock that ran ahead must not end a hold.
    const earliest = Math.min(clocks.now, clocks.databaseNow);
    return {
      table,
      columns,
      fieldIds,
      slices,
      known: isByInterval ? await listSliceIntervals(db, name) : [],
      seen: isByInterval ? await seenIntervals(db, name) : [],
      clock: clocks,
      tableNow: tableClock(dataset, clocks.now),
      longestPartMs: longestPart(table),
      pinned: pins.filter((pin) => isActive(pin, earliest)).map(({ range }) => range),
      holds: holds.filter((hold) => isHolding(hold, earliest)),
    };
  });
}

function longestPart({ parts }: TableDescription): number {
  return groupOverlapping(parts).reduce(
    (longest, { range }) => Math.max(longest, range.toExclusive - range.fromInclusive),
    0,
  );
}
