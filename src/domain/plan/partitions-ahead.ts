/** Which partitions a table lacks until some time ahead, with bounds that follow those it has. Pure. */
import type { PartitionsSetting } from '../dataset.ts';
import { borderBefore, stepFrom, stepOf, type WallClock } from '../time/calendar-step.ts';
import type { EpochMs, TimeRange } from '../time/time-range.ts';
import { uncovered } from './dropped-partition.ts';

/** A clock that is years ahead must not fill the catalogue. */
export const MOST_AT_ONCE = 1_000;

export type Missing =
  | { readonly kind: 'ranges'; readonly ranges: readonly TimeRange[] }
  /** There is none to follow, or it is of no whole hours, and `every` says nothing. */
  | { readonly kind: 'no step' }
  | { readonly kind: 'too many' };

/**
 * Each begins where an existing one or the one before it ends, so that together they leave no gap from the
 * newest that has begun to `ahead`, and ends a step later, or where an existing one begins.
 *
 * @param existing half-open ranges that do not overlap; ends may be infinite
 * @param now as the table's column shows it
 */
export function missingAhead(
  existing: readonly TimeRange[],
  { every, aheadMs }: Omit<PartitionsSetting, 'timeZone'>,
  now: EpochMs,
  clock: WallClock,
): Missing {
  const sorted = existing.toSorted((a, b) => a.fromInclusive - b.fromInclusive);
  const until = now + aheadMs;
  const begun = sorted.findLast(({ fromInclusive }) => fromInclusive <= now);
  if (begun !== undefined && begun.toExclusive >= until) return { kind: 'ranges', ranges: [] };
  const model = begun !== undefined && isBounded(begun) ? begun : sorted.findLast(isBounded);
  const step = every ?? (model === undefined ? null : stepOf(model, clock));
  if (step === null) return { kind: 'no step' };
  const from = begun?.toExclusive ?? borderBefore(now, step, clock);
  const ranges: TimeRange[] = [];
  for (const gap of uncovered({ fromInclusive: from, toExclusive: until }, existing)) {
    const next = sorted.find(({ fromInclusive }) => fromInclusive >= gap.toExclusive);
    const most = next?.fromInclusive ?? Number.POSITIVE_INFINITY;
    for (let at = gap.fromInclusive; at < gap.toExclusive; ) {
      const to = Math.min(stepFrom(at, step, clock), most);
      // Two borders that a change of clocks puts on one instant leave nothing between them.
      if (!(to > at)) return { kind: 'no step' };
      ranges.push({ fromInclusive: at, toExclusive: to });
      if (ranges.length > MOST_AT_ONCE) return { kind: 'too many' };
      at = to;
    }
  }
  return { kind: 'ranges', ranges };
}

/** After which others are made: the last that has both a beginning and an end. @param partitions oldest first */
export function newestOf<Partition extends { readonly range: TimeRange }>(
  partitions: readonly Partition[],
): Partition | null {
  return partitions.findLast(({ range }) => isBounded(range)) ?? null;
}

function isBounded({ fromInclusive, toExclusive }: TimeRange): boolean {
  return Number.isFinite(fromInclusive) && Number.isFinite(toExclusive);
}

/** Until when every instant from `now` on has its partition; null where `now` has none. */
export function reachOf(existing: readonly TimeRange[], now: EpochMs): EpochMs | null {
  let reach: EpochMs | null = null;
  for (const { fromInclusive, toExclusive } of existing.toSorted(
    (a, b) => a.fromInclusive - b.fromInclusive,
  )) {
    if (fromInclusive <= (reach ?? now) && toExclusive > (reach ?? now)) reach = toExclusive;
  }
  return reach;
}
