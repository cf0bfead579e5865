/** How long rows wait past hot_days because a chunk or partition leaves as a whole. */
import type { Dataset } from '../dataset.ts';
import { sqlLiteral, sqlTable } from '../sql-name.ts';
import type { IntegerTimeUnit, TableDescription } from '../table.ts';
import { DAY_MS, HOUR_MS, nextUnit, type TimeRange } from '../time/time-range.ts';
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

/** Null where no part that is still to age is longer than a slice: then rows leave with their slice. */
export function tellWholeParts(
  { hotDays, slice }: Pick<Dataset, 'hotDays' | 'slice'>,
  table: TableDescription,
  cutoffs: Cutoffs,
): WholeParts | null {
  const waiting = groupOverlapping(table.parts)
    .map(({ range }) => range)
    .filter((range) => range.toExclusive > cutoffs.aged);
  const longest = Math.max(0, ...waiting.map(lengthOf));
  if (longest <= nextUnit(cutoffs.aged, slice) - cutoffs.aged) return null;
  const part = table.kind === 'hypertable' ? 'chunk' : 'partition';
  return {
    message: `${part}s of ${tellLength(longest)}: rows leave up to ${tellLength(longest)} after hot_days (${String(hotDays)}), for a ${part} leaves whole when its last day has aged`,
    hint: hintFor(table),
  };
}

const lengthOf = ({ fromInclusive, toExclusive }: TimeRange): number => toExclusive - fromInclusive;

function hintFor({ kind, ref, timeColumn: time }: TableDescription): string {
  const lower = 'lower hot_days by as much';
  if (kind !== 'hypertable') return `make shorter partitions from now on, or ${lower}`;
  const interval =
    time.kind === 'integer' ? `${PER_DAY[time.unit ?? 's']}::bigint` : `interval '1 day'`;
  return `for chunks to come: select set_chunk_time_interval(${sqlLiteral(sqlTable(ref))}, ${interval}); or ${lower}`;
}

function tellLength(ms: number): string {
  const [count, unit] =
    ms >= DAY_MS ? [Math.ceil(ms / DAY_MS), 'day'] : [Math.ceil(ms / HOUR_MS), 'hour'];
  return `${String(count)} ${unit}${count === 1 ? '' : 's'}`;
}
