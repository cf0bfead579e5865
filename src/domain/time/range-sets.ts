/** Sets of time as ascending, disjoint ranges that don't touch. */
import type { TimeRange } from './time-range.ts';

/** All of the time that any of the ranges covers. */
export function uniteRanges(ranges: readonly TimeRange[]): readonly TimeRange[] {
  const united: TimeRange[] = [];
  const ascending = ranges
    .filter((range) => range.fromInclusive < range.toExclusive)
    .sort((a, b) => a.fromInclusive - b.fromInclusive);
  for (const range of ascending) {
    const last = united.at(-1);
    if (last === undefined || last.toExclusive < range.fromInclusive) {
      united.push(range);
      continue;
    }
    const toExclusive = Math.max(last.toExclusive, range.toExclusive);
    united[united.length - 1] = { fromInclusive: last.fromInclusive, toExclusive };
  }
  return united;
}

/** From the first instant to the last. @param ranges at least one */
export function spanOf(ranges: readonly TimeRange[]): TimeRange {
  return ranges.reduce((span, { fromInclusive, toExclusive }) => ({
    fromInclusive: Math.min(span.fromInclusive, fromInclusive),
    toExclusive: Math.max(span.toExclusive, toExclusive),
  }));
}

/** The time that both cover. */
export function intersectRanges(
  some: readonly TimeRange[],
  others: readonly TimeRange[],
): readonly TimeRange[] {
  return uniteRanges(
    some.flatMap((one) =>
      others.map((other) => ({
        fromInclusive: Math.max(one.fromInclusive, other.fromInclusive),
        toExclusive: Math.min(one.toExclusive, other.toExclusive),
      })),
    ),
  );
}

/** The time of `some` that `others` don't cover. */
export function subtractRanges(
  some: readonly TimeRange[],
  others: readonly TimeRange[],
): readonly TimeRange[] {
  const gaps: TimeRange[] = [];
  let fromInclusive = -Infinity;
  for (const other of uniteRanges(others)) {
    gaps.push({ fromInclusive, toExclusive: other.fromInclusive });
    fromInclusive = other.toExclusive;
  }
  gaps.push({ fromInclusive, toExclusive: Infinity });
  return intersectRanges(uniteRanges(some), gaps);
}
