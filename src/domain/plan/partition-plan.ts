/** What making partitions ahead is to do, and how far a table's partitions reach. */
import { countOf } from '../count.ts';
import { formatTable, type TableRef } from '../table.ts';
import { type EpochMs, HOUR_MS, type TimeRange } from '../time/time-range.ts';
import type { Refusal } from './refusal.ts';

export interface PlannedPartition {
  readonly ref: TableRef;
  readonly range: TimeRange;
  /** Of its time in the default partition; counted up to one more than may move. */
  readonly defaultRows: number;
  /** Why this one is not made, while others are. */
  readonly refusals: readonly Refusal[];
}

export interface PartitionPlan {
  readonly dataset: string;
  readonly table: TableRef;
  /** Until when they are wanted; as the column shows it. */
  readonly until: EpochMs;
  /** Until when every instant from now on has a partition; null where now has none, infinite without an end. */
  readonly reach: EpochMs | null;
  readonly missing: readonly PlannedPartition[];
  /** Of the default partition, where there is one; counted up to `DEFAULT_ROWS_COUNTED`, null where that can't be told. */
  readonly defaultPartition: { readonly ref: TableRef; readonly rows: number | null } | null;
  /** Why none is made. */
  readonly refusals: readonly Refusal[];
}

/** Of all that is missing and of single partitions, each once. */
export function refusalsOfAll({ refusals, missing }: PartitionPlan): readonly Refusal[] {
  return [...new Set([...refusals, ...missing.flatMap((one) => one.refusals)])];
}

/** Those that would be made. */
export function makeable({ refusals, missing }: PartitionPlan): readonly PlannedPartition[] {
  return refusals.length > 0 ? [] : missing.filter((one) => one.refusals.length === 0);
}

/** Rows of one partition that leave the default one at once: nobody reads the table meanwhile. */
export const MOST_DEFAULT_ROWS = 100_000;
/** Others of the default partition, which are written anew then. */
export const MOST_KEPT_ROWS = 200_000;
/** To count more than this tells nobody more. */
export const DEFAULT_ROWS_COUNTED = 1_000_000;
/** ATTACH looks through all of the default partition, and whoever needs that waits. */
export const MOST_DEFAULT_BYTES = 256 * 1024 * 1024;

export interface MadePartition {
  readonly ref: TableRef;
  readonly range: TimeRange;
  readonly rowsMoved: bigint;
}

export interface PartitionOutcome {
  readonly plan: PartitionPlan;
  readonly made: readonly MadePartition[];
  /** Afterwards. */
  readonly reach: EpochMs | null;
}

export function tellReach(reach: EpochMs | null): string {
  if (reach === null) return 'there is no partition for now';
  if (!Number.isFinite(reach)) return 'partitions reach without an end';
  return `partitions reach to ${new Date(reach).toISOString().replace('T00:00:00.000Z', '')}`;
}

/** A glance at the default partition counts no more. */
export const MOST_GLANCED = 1_000;

/** Null where there is none, or it is empty. */
export function tellDefault({
  defaultPartition,
}: Pick<PartitionPlan, 'defaultPartition'>): string | null {
  if (defaultPartition === null || defaultPartition.rows === 0) return null;
  const { ref, rows } = defaultPartition;
  if (rows === null)
    return `how many rows the default partition ${formatTable(ref)} has is not known`;
  const atLeast = rows === DEFAULT_ROWS_COUNTED ? 'at least ' : '';
  return `the default partition ${formatTable(ref)} has ${atLeast}${countOf(rows, 'row')}`;
}

/** Nobody who asks for more wants to hear of it sooner, and half a day is time enough to look. */
const SHORT_BEFORE_MS = 12 * HOUR_MS;

/**
 * What is wrong with how far partitions reach; null where nothing is. The daemon makes them every hour: where they end
 * in less than half a day, or half of what was asked for where that is less, it could not for a while.
 */
export function tellShort(reach: EpochMs | null, now: EpochMs, aheadMs: number): string | null {
  if (reach === null) return `${tellReach(null)}: rows go to the default one, or are refused`;
  const left = reach - now;
  if (left >= Math.min(aheadMs / 2, SHORT_BEFORE_MS)) return null;
  const hours = Math.floor(left / HOUR_MS);
  return `${tellReach(reach)}: missing ${hours < 1 ? 'within the hour' : `in ${String(hours)} h`}`;
}

/** What a glance at a table tells of its partitions. */
export interface PartitionsLook {
  readonly reach: EpochMs | null;
  /** What is wrong with that; null where nothing is. */
  readonly short: string | null;
  /** In the default partition; of many not all are counted, and null where it can't be told. */
  readonly defaultRows: number | null;
}
