/** Which partitions a dataset's table lacks: looks at the catalogue, and at the default partition's rows. */
import type pg from 'pg';
import type { Dataset, PartitionsSetting } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import { namesFor } from '../../domain/plan/partition-name.ts';
import {
  DEFAULT_ROWS_COUNTED,
  MOST_DEFAULT_BYTES,
  MOST_DEFAULT_ROWS,
  type PartitionPlan,
  type PlannedPartition,
} from '../../domain/plan/partition-plan.ts';
import { MOST_AT_ONCE, missingAhead, reachOf } from '../../domain/plan/partitions-ahead.ts';
import { type Refusal, unforceable } from '../../domain/plan/refusal.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { clockOf, UTC_CLOCK, type WallClock } from '../../domain/time/calendar-step.ts';
import { DAY_MS, type EpochMs, type TimeRange } from '../../domain/time/time-range.ts';
import { assertZoneFits, tableClock } from '../../domain/time/time-zone.ts';
import { SLICEABLE } from '../measure/time-bounds.ts';
import { describeShape, type TableShape } from '../table/introspect.ts';
import { findMakeHazards } from '../write/make-hazards.ts';
import { findNamesTaken, mayMakePartitions } from '../write/make-partitions.ts';
import { countWithin } from './make-ahead.ts';
import { findMoveHazards } from './move-hazards.ts';
import { findRangePartitions, type RangePartitions } from './range-partitions.ts';

export interface GatheredPartitions {
  readonly plan: PartitionPlan;
  readonly table: TableShape;
  readonly found: RangePartitions;
}

/** @throws TierdError USAGE for a dataset without the setting, and what `describeShape` throws */
export async function gatherPartitions(
  db: pg.ClientBase,
  dataset: Dataset,
  now: EpochMs,
): Promise<GatheredPartitions> {
  const setting = dataset.partitions;
  if (setting === undefined) throw withoutSetting(dataset.name);
  const table = await describeShape(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
  assertZoneFits(dataset, table);
  const tableNow = tableClock(dataset, now);
  const until = tableNow + setting.aheadMs;
  const nothing = { dataset: dataset.name, table: table.ref, until, reach: null, missing: [] };
  const found = await findRangePartitions(db, table);
  if ('guard' in found) {
    const plan = { ...nothing, defaultPartition: null, refusals: [found] };
    return { plan, table, found: { partitions: [], fallback: null } };
  }
  const ranges = found.partitions.map(({ range }) => range);
  const clock = clockFor(table, setting);
  const missing = missingAhead(ranges, setting, tableNow, clock);
  const about = { ...nothing, reach: reachOf(ranges, tableNow) };
  const defaultPartition = await countDefault(db, table, found);
  if (missing.kind !== 'ranges') {
    const refusals = [refuseStep(table, setting, missing.kind)];
    return { plan: { ...about, defaultPartition, refusals }, table, found };
  }
  const planned = await planEach(db, table, found, missing.ranges, clock);
  const refusals = planned.length === 0 ? [] : await findRefusals(db, table, found, planned);
  return { plan: { ...about, missing: planned, defaultPartition, refusals }, table, found };
}

/** Days of a column that has no zone are its own; of instants they are those of the zone that was named. */
function clockFor({ timeColumn }: TableShape, { timeZone }: PartitionsSetting): WallClock {
  return timeColumn.kind === 'timestamptz' && timeZone !== undefined
    ? clockOf(timeZone)
    : UTC_CLOCK;
}

async function planEach(
  db: pg.ClientBase,
  table: TableShape,
  { partitions, fallback }: RangePartitions,
  ranges: readonly TimeRange[],
  clock: WallClock,
): Promise<readonly PlannedPartition[]> {
  const newest = partitions.findLast(({ range }) => Number.isFinite(range.fromInclusive));
  const model =
    newest === undefined
      ? null
      : { name: newest.ref.name, start: clock.shown(newest.range.fromInclusive) };
  const names = namesFor(
    table.ref.name,
    model,
    ranges.map(({ fromInclusive }) => clock.shown(fromInclusive)),
  );
  const schema = newest?.ref.schema ?? table.ref.schema;
  const planned: PlannedPartition[] = [];
  for (const [at, range] of ranges.entries()) {
    const defaultRows =
      fallback === null || isTooFine(table, [range])
        ? 0
        : await countWithin(db, table, fallback, range, MOST_DEFAULT_ROWS + 1);
    planned.push({ ref: { schema, name: names[at] ?? '' }, range, defaultRows });
  }
  return planned;
}

async function findRefusals(
  db: pg.ClientBase,
  table: TableShape,
  { fallback }: RangePartitions,
  planned: readonly PlannedPartition[],
): Promise<readonly Refusal[]> {
  const refs = planned.map(({ ref }) => ref);
  const taken = await findNamesTaken(db, refs);
  const [first] = refs;
  const moves = fallback !== null && planned.some(({ defaultRows }) => defaultRows > 0);
  return [
    ...((await mayMakePartitions(db, table)) ? [] : [notOwner(table.ref)]),
    ...(first === undefined ? [] : await findMakeHazards(db, first)),
    ...taken.map(nameTaken),
    ...(isTooFine(
      table,
      planned.map(({ range }) => range),
    )
      ? [tooFine(table)]
      : []),
    ...(fallback !== null && fallback.bytes > MOST_DEFAULT_BYTES
      ? [defaultTooLarge(fallback.ref)]
      : []),
    ...planned
      .filter(({ defaultRows }) => defaultRows > MOST_DEFAULT_ROWS)
      .map((one) => tooManyRows(one, fallback?.ref ?? table.ref)),
    ...(moves ? await findMoveHazards(db, table, fallback) : []),
  ];
}

async function countDefault(
  db: pg.ClientBase,
  table: TableShape,
  { fallback }: RangePartitions,
): Promise<PartitionPlan['defaultPartition']> {
  if (fallback === null) return null;
  const { ref } = fallback;
  const rows = await countWithin(db, table, fallback, SLICEABLE, DEFAULT_ROWS_COUNTED);
  return { ref, rows };
}

function isTooFine({ timeColumn }: TableShape, ranges: readonly TimeRange[]): boolean {
  const isWhole = (at: EpochMs): boolean => at % DAY_MS === 0;
  return (
    timeColumn.kind === 'date' &&
    !ranges.every(
      ({ fromInclusive, toExclusive }) => isWhole(fromInclusive) && isWhole(toExclusive),
    )
  );
}

function withoutSetting(dataset: string): TierdError {
  return new TierdError({
    code: 'USAGE',
    message: `datasets.${dataset} says nothing of partitions; nothing was changed`,
    hint: `datasets.${dataset}.partitions: { ahead: 7d } lets them be made ahead`,
  });
}

function refuseStep(
  { ref }: TableShape,
  { aheadMs }: PartitionsSetting,
  kind: 'no step' | 'too many',
): Refusal {
  const table = formatTable(ref);
  return kind === 'no step'
    ? unforceable(
        'partition_step',
        `how long a partition of ${table} is to be can't be told from those that it has`,
        'say it in partitions.every: 1d, 1w or 1 month',
      )
    : unforceable(
        'too_many_partitions',
        `${table} lacks more than ${String(MOST_AT_ONCE)} partitions until ${String(aheadMs / DAY_MS)} days ahead`,
        'look at this machine’s clock, make partitions.every longer or partitions.ahead shorter',
      );
}

const notOwner = (ref: TableRef): Refusal =>
  unforceable(
    'not_owner',
    `${formatTable(ref)} belongs to another role, and only its owner can make partitions of it`,
    'grant that role to the one that tierd connects as, or leave out `partitions` of this dataset',
  );

const nameTaken = (ref: TableRef): Refusal =>
  unforceable(
    'name_taken',
    `there is a ${formatTable(ref)} already, which is no partition of the table for that time`,
    'attach it (alter table … attach partition), or give it another name',
  );

const tooFine = ({ timeColumn }: TableShape): Refusal =>
  unforceable(
    'partition_step',
    `column ${timeColumn.name} is a date, and partitions of hours can't be told apart by it`,
    'say whole days in partitions.every',
  );

const defaultTooLarge = (ref: TableRef): Refusal =>
  unforceable(
    'default_too_large',
    `the default partition ${formatTable(ref)} takes more than ${String(MOST_DEFAULT_BYTES / 1024 ** 2)} MB, all of which is read, while nobody else reads or writes it, whenever a partition is attached`,
    'empty it as docs/partitions.md says, and vacuum it',
  );

const tooManyRows = ({ ref }: PlannedPartition, fallback: TableRef): Refusal =>
  unforceable(
    'default_rows',
    `more than ${MOST_DEFAULT_ROWS.toLocaleString('en-US')} rows of the default partition ${formatTable(fallback)} belong into ${formatTable(ref)}, and nobody could read the table while they move`,
    'move them by hand while nobody needs the table: docs/partitions.md',
  );
