/** Of which column a segment's first and last instant are: a dataset's `time_column` or `time_unit` may be another one since. */

import type { ColumnPlan } from '../columns/column-plan.ts';
import type { Dataset } from '../dataset.ts';
import { ownValue } from '../own-value.ts';
import type { Refusal } from '../plan/refusal.ts';
import type { IntegerTimeUnit } from '../table.ts';
import type { ColumnStatistics } from './column-statistics.ts';

export interface TimedSegment {
  readonly columns: readonly Pick<ColumnPlan, 'name'>[];
  readonly statistics: Readonly<Record<string, ColumnStatistics>>;
  readonly minTimeUs: bigint;
}

export interface WantedTime {
  readonly name: string;
  /** Of a column of whole numbers. */
  readonly unit?: IntegerTimeUnit | undefined;
}

/**
 * The ledger has bounds of the time column and of those that a dataset is sorted by. True also where nothing tells: a column
 * that was renamed since is none of the segment's.
 */
export function isTimedBy(
  { columns, statistics, minTimeUs }: TimedSegment,
  { name, unit }: WantedTime,
): boolean {
  if (!columns.some((column) => column.name === name)) return true;
  if (Object.keys(statistics).length === 0) return true;
  const bounds = ownValue(statistics, name);
  if (bounds === undefined) return false;
  if (bounds.min === null) return true;
  if (unit !== undefined)
    return !/^-?\d+$/u.test(bounds.min) || isInstant(bounds.min, unit, minTimeUs);
  const ms = Date.parse(asIso(bounds.min));
  return Number.isNaN(ms) || BigInt(ms) === floorOf(minTimeUs, 1_000n);
}

export const TIME_COLUMN_HINT =
  'Set time_column and time_unit as they were; to go by another column, restore what is cold, change them, and rotate again.';

/** Queries, expiry and holds go by these times: more segments by other ones would make them wrong without a word. */
export function refuseOtherTime(
  { name, timeColumn, timeUnit }: Pick<Dataset, 'name' | 'timeColumn' | 'timeUnit'>,
  segments: readonly TimedSegment[],
): readonly Refusal[] {
  if (segments.every((segment) => isTimedBy(segment, { name: timeColumn, unit: timeUnit })))
    return [];
  return [
    {
      guard: 'time_column_changed',
      message: `segments of ${name} were written by the times of another column than ${timeColumn}, or in another unit`,
      hint: TIME_COLUMN_HINT,
      forceable: false,
    },
  ];
}

const MICROS = { s: 1_000_000n, ms: 1_000n, us: 1n } as const;

function isInstant(value: string, unit: IntegerTimeUnit, us: bigint): boolean {
  return (unit === 'ns' ? floorOf(BigInt(value), 1_000n) : BigInt(value) * MICROS[unit]) === us;
}

/** A date, or a time of UTC with a zone or without, as DuckDB writes it. */
function asIso(text: string): string {
  const [date = '', time = '00:00:00'] = text.split(' ');
  return `${date}T${time.replace(/\+00$/u, '')}Z`;
}

function floorOf(value: bigint, by: bigint): bigint {
  const rest = value % by;
  return (value - (rest < 0n ? rest + by : rest)) / by;
}
