/** Changes of rows that a continuous aggregate has not taken up, while their rows are about to leave. */

import { sqlLiteral, sqlTable } from '../sql-name.ts';
import { formatTable, type TableDescription, type TableRef } from '../table.ts';
import { formatRange, rangesOverlap, type TimeRange } from '../time/time-range.ts';
import { timeArgument } from './aggregates.ts';
import type { Refusal } from './refusal.ts';

export interface StaleAggregate {
  readonly kind: 'stale_aggregate';
  readonly view: TableRef;
  /** Whole buckets that differ from their rows, all of which are hot: a refresh sets them right. */
  readonly stale: readonly TimeRange[];
  /** Whole buckets that were changed, and of which the lake has rows: a refresh would take those for gone. */
  readonly frozen: readonly TimeRange[];
}

const WINDOWS_SHOWN = 3;

/** Once the rows have left no refresh can take the change up: it would delete what they had given. */
export function judgeStaleAggregate(
  { timeColumn, parts }: TableDescription,
  { view, stale }: StaleAggregate,
  range: TimeRange,
): Refusal | null {
  const met = stale.filter((window) => rangesOverlap(window, range));
  const [first] = met;
  if (first === undefined) return null;
  const shown = met.slice(0, WINDOWS_SHOWN);
  const more = met.length - shown.length;
  // One for each: between two of them may lie buckets that a refresh would empty.
  const calls = shown.map(({ fromInclusive, toExclusive }) => {
    const window = [fromInclusive, toExclusive].map((at) => timeArgument(timeColumn, at));
    return `call refresh_continuous_aggregate(${sqlLiteral(sqlTable(view))}, ${window.join(', ')})`;
  });
  const oldest = parts[0]?.range.fromInclusive ?? first.fromInclusive;
  const warning =
    first.fromInclusive < oldest
      ? `; where rows before ${new Date(oldest).toISOString()} were dropped by hand, the first one deletes what they gave`
      : '';
  return {
    guard: 'continuous_aggregate',
    message: `continuous aggregate ${formatTable(view)} has not taken up changes in ${shown.map(formatRange).join(', ')}${more > 0 ? ` and ${String(more)} stretches more` : ''}, and would stay without them for ever`,
    hint: `${calls.join('; ')}${more > 0 ? '; and so on' : ''}${warning}; then run again, or --force if it is to stay as it is`,
    forceable: true,
  };
}

/** Null where no bucket of which rows have left is touched by what leaves now. */
export function noteFrozenBuckets(
  { view, frozen }: StaleAggregate,
  leaving: readonly TimeRange[],
): string | null {
  const met = frozen.filter((window) => leaving.some((range) => rangesOverlap(window, range)));
  const [first] = met;
  if (first === undefined) return null;
  return `of ${met.length === 1 ? 'a bucket' : `${String(met.length)} stretches`} of continuous aggregate ${formatTable(view)} (${formatRange(first)}) rows have left before: changes since then, late rows too, are not in it, and a refresh would delete what the lake’s rows gave; chunks as long as a bucket, or longer ones, let whole buckets leave at once`;
}
