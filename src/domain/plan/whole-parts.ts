/** How long rows wait past hot_days because a chunk or partition leaves as a whole. */
import type { Dataset } from '../dataset.ts';
import { sqlLiteral, sqlTable } from '../sql-name.ts';
import type { IntegerTimeUnit, TableDescription } from '../table.ts';
import {
  DAY_MS,
  floorToUnit,
  HOUR_MS,
  nextUnit,
  type SliceUnit,
  type TimeRange,
} from '../time/time-range.ts';
import { type Cutoffs, groupOverlapping } from './regions.ts';

const PER_DAY: Readonly<Record<IntegerTimeUnit, string>> = {
  s: '86400',
  ms: '86400000',
  us: '86400000000',
  ns: '86400000000000',
};

export interface WholeParts {
  readonly message: string;
  readonly hint: string;
}

/** Of a slice: weeks hold the rows of a month's slice for a few days more, and nobody minds. */
const WORTH_TELLING = 1.5;

/** Null where no part that is still to age holds its rows longer than a slice would. */
export function tellWholeParts(
  { hotDays, slice }: Pick<Dataset, 'hotDays' | 'slice'>,
  table: TableDescription,
  cutoffs: Cutoffs,
): WholeParts | null {
  const waiting = groupOverlapping(table.parts)
    .map(({ range }) => range)
    .filter((range) => range.toExclusive > cutoffs.aged);
  const longestWait = Math.max(0, ...waiting.map((range) => waitOf(range, slice)));
  if (longestWait <= WORTH_TELLING * (nextUnit(cutoffs.aged, slice) - cutoffs.aged)) return null;
  const longest = Math.max(...waiting.map(lengthOf));
  const part = table.kind === 'hypertable' ? 'chunk' : 'partition';
  const isAskew = waiting.some((range) => waitOf(range, slice) > lengthOf(range));
  const askew = isAskew ? ` that do not end with a ${slice} of UTC` : '';
  return {
    message: `${part}s of ${tellLength(longest)}${askew}: rows leave up to ${tellLength(longestWait)} after hot_days (${String(hotDays)}), for a ${part} leaves whole when its last day has aged`,
    hint: hintFor(table, isAskew, Math.ceil(longestWait / DAY_MS) <= hotDays),
  };
}

const lengthOf = ({ fromInclusive, toExclusive }: TimeRange): number => toExclusive - fromInclusive;

/** From its first row to the instant by which all of it has aged: cutoffs lie between slices. */
function waitOf({ fromInclusive, toExclusive }: TimeRange, slice: SliceUnit): number {
  const floor = floorToUnit(toExclusive, slice);
  return (floor === toExclusive ? floor : nextUnit(floor, slice)) - fromInclusive;
}

function hintFor(
  { kind, ref, timeColumn: time }: TableDescription,
  isAskew: boolean,
  canLower: boolean,
): string {
  const lower = canLower ? ', or lower hot_days by as much' : '';
  if (kind !== 'hypertable') {
    const bounds = isAskew ? ', with bounds at midnight UTC,' : '';
    return `make shorter partitions${bounds} from now on${lower}`;
  }
  const interval =
    time.kind === 'integer' ? `${PER_DAY[time.unit ?? 's']}::bigint` : `interval '1 day'`;
  return `for chunks to come: select set_chunk_time_interval(${sqlLiteral(sqlTable(ref))}, ${interval})${lower}`;
}

function tellLength(ms: number): string {
  // One of 25 hours is the day on which a clock is set back, and none of two days.
  const isInDays = ms % DAY_MS === 0 || ms > 2 * DAY_MS;
  const [count, unit] = isInDays
    ? [Math.ceil(ms / DAY_MS), 'day']
    : [Math.ceil(ms / HOUR_MS), 'hour'];
  return `${String(count)} ${unit}${count === 1 ? '' : 's'}`;
}
