/** Which partitions a dataset's table lacks: looks at the catalogue, and at the default partition's rows. */
import type pg from 'pg';
import type { Dataset, PartitionsSetting } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import { namesFor } from '../../domain/plan/partition-name.ts';
import {
  DEFAULT_ROWS_COUNTED,
  MOST_DEFAULT_BYTES,
  MOST_DEFAULT_ROWS,
  MOST_KEPT_ROWS,
  type PartitionPlan,
  type PlannedPartition,
} from '../../domain/plan/partition-plan.ts';
import {
  type Missing,
  MOST_AT_ONCE,
  missingAhead,
  newestOf,
  reachOf,
} from '../../domain/plan/partitions-ahead.ts';
import { type Refusal, unforceable } from '../../domain/plan/refusal.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { clockOf, UTC_CLOCK, type WallClock } from '../../domain/time/calendar-step.ts';
import { DAY_MS, type EpochMs, type TimeRange } from '../../domain/time/time-range.ts';
import { assertZoneFits, tableClock } from '../../domain/time/time-zone.ts';
import { EVERY_ROW } from '../measure/digest.ts';
import { describeShape, type TableShape } from '../table/introspect.ts';
import { findMakeHazards } from '../write/make-hazards.ts';
import { findNamesTaken, mayMakePartitions } from '../write/make-partitions.ts';
import { bytesOf, countAll, countWhere, countWithin, wholeBytesOf } from './count-default.ts';
import type { AheadPartition } from './make-ahead.ts';
import { findMoveHazards, findTooMuch } from './move-hazards.ts';
import { findOwnerHazards } from './owner-hazards.ts';
import {
  type DefaultPartition,
  findRangePartitions,
  type RangePartition,
  type RangePartitions,
} from './range-partitions.ts';

export interface GatheredPartitions {
  readonly plan: PartitionPlan;
  readonly table: TableShape;
  readonly found: RangePartitions;
  /** As the table's column shows it: of this machine's clock and the database's the earlier. */
  readonly now: EpochMs;
  /** Whose kind and name those that are made follow; null where there is none. */
  readonly newest: RangePartition | null;
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
    return { plan, table, found: { partitions: [], fallback: null }, now: tableNow, newest: null };
  }
  const { fallback } = found;
  const ranges = found.partitions.map(({ range }) => range);
  const clock = clockFor(table, setting);
  const missing = missingAhead(ranges, setting, tableNow, clock);
  const newest = newestOf(found.partitions);
  const defaultPartition =
    fallback === null
      ? null
      : { ref: fallback.ref, rows: await countAll(db, table, fallback, DEFAULT_ROWS_COUNTED) };
  const about = { ...nothing, reach: reachOf(ranges, tableNow), defaultPartition };
  const refused = await refuseAtOnce(db, table, setting, missing);
  if (missing.kind !== 'ranges' || missing.ranges.length === 0 || refused.length > 0) {
    return { plan: { ...about, refusals: refused }, table, found, now: tableNow, newest };
  }
  const named = nameEach(table, found, newest, missing.ranges, clock);
  const holder = defaultPartition?.rows === 0 ? null : fallback;
  const planned = await planEach(db, table, named, holder);
  const refusals = await findRefusals(db, table, found, planned, newest?.oid ?? table.oid);
  return { plan: { ...about, missing: planned, refusals }, table, found, now: tableNow, newest };
}

/** Before a row is counted: to whom the table does not belong may be unable to read it. */
async function refuseAtOnce(
  db: pg.ClientBase,
  table: TableShape,
  setting: PartitionsSetting,
  missing: Missing,
): Promise<readonly Refusal[]> {
  if (missing.kind !== 'ranges') return [refuseStep(table, setting, missing.kind)];
  if (missing.ranges.length === 0 || (await mayMakePartitions(db, table))) return [];
  return [notOwner(table.ref)];
}

/** Days of a column that has no zone are its own; of instants they are those of the zone that was named. */
function clockFor({ timeColumn }: TableShape, { timeZone }: PartitionsSetting): WallClock {
  return timeColumn.kind === 'timestamptz' && timeZone !== undefined
    ? clockOf(timeZone)
    : UTC_CLOCK;
}

function nameEach(
  { ref }: TableShape,
  { partitions }: RangePartitions,
  newest: RangePartition | null,
  ranges: readonly TimeRange[],
  clock: WallClock,
): readonly AheadPartition[] {
  const names = namesFor(
    {
      table: ref.name,
      newest:
        newest === null
          ? null
          : {
              name: newest.ref.name,
              start: newest.range.fromInclusive,
              end: newest.range.toExclusive,
            },
      taken: partitions.map((one) => one.ref.name),
    },
    ranges.map(({ fromInclusive }) => fromInclusive),
    clock,
  );
  const schema = newest?.ref.schema ?? ref.schema;
  return ranges.map((range, at) => ({ ref: { schema, name: names[at] ?? '' }, range }));
}

/** @param holder the default partition, where it has rows */
async function planEach(
  db: pg.ClientBase,
  table: TableShape,
  named: readonly AheadPartition[],
  holder: DefaultPartition | null,
): Promise<readonly PlannedPartition[]> {
  if (holder === null || isTooFine(table, named)) {
    return named.map((one) => ({ ...one, defaultRows: 0, refusals: [] }));
  }
  const counts: number[] = [];
  for (const { range } of named) {
    counts.push(await countWithin(db, table, holder, range, MOST_DEFAULT_ROWS + 1));
  }
  if (!counts.some((rows) => rows > 0)) {
    return named.map((one) => ({ ...one, defaultRows: 0, refusals: [] }));
  }
  const tied = await findMoveHazards(db, table, holder);
  const bytes = await wholeBytesOf(db, holder);
  let all = await countWhere(db, holder, EVERY_ROW, MOST_DEFAULT_ROWS + MOST_KEPT_ROWS + 1);
  return named.map((one, at) => {
    const defaultRows = counts[at] ?? 0;
    if (defaultRows === 0) return { ...one, defaultRows, refusals: [] };
    const moved = { going: defaultRows, staying: all - defaultRows, bytes };
    const refusals = [...findTooMuch(one.ref, holder.ref, moved), ...tied];
    // Those that moved are no others of the next one's.
    if (refusals.length === 0) all = moved.staying;
    return { ...one, defaultRows, refusals };
  });
}

async function findRefusals(
  db: pg.ClientBase,
  table: TableShape,
  { fallback }: RangePartitions,
  planned: readonly PlannedPartition[],
  model: number,
): Promise<readonly Refusal[]> {
  const refs = planned.map(({ ref }) => ref);
  const taken = await findNamesTaken(db, refs);
  const [first] = refs;
  const isLarge = fallback !== null && (await bytesOf(db, fallback)) > MOST_DEFAULT_BYTES;
  return [
    ...(first === undefined
      ? []
      : [...(await findMakeHazards(db, first)), ...(await findOwnerHazards(db, first, model))]),
    ...taken.map(nameTaken),
    ...(isTooFine(table, planned) ? [tooFine(table)] : []),
    ...(isLarge ? [defaultTooLarge(fallback.ref)] : []),
  ];
}

function isTooFine(
  { timeColumn }: TableShape,
  planned: readonly Pick<AheadPartition, 'range'>[],
): boolean {
  const isWhole = (at: EpochMs): boolean => at % DAY_MS === 0;
  return (
    timeColumn.kind === 'date' &&
    !planned.every(
      ({ range: { fromInclusive, toExclusive } }) => isWhole(fromInclusive) && isWhole(toExclusive),
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
        'look at this machine’s clock, make partitions.every longer or partitions.ahead shorter; where the newest ended long ago, make the one for now by hand, and others follow that',
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
