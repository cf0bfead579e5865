/**
 * Time as tierd reckons with it: UTC milliseconds since 1970 as plain numbers, and half-open
 * ranges of them. Slice boundaries are whole hours, so milliseconds lose nothing here; the rows'
 * own microseconds never pass through these types.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** `[fromInclusive, toExclusive)`. */
export interface TimeRange {
  readonly fromInclusive: EpochMs;
  readonly toExclusive: EpochMs;
}

/** The last whole millisecond at or before it; of years after 2255 perhaps the one beside. */
export function msOfUs(us: bigint): EpochMs {
  return Math.floor(Number(us) / 1000);
}

export type SliceUnit = 'hour' | 'day' | 'month';

/** As partitions are cut by it. */
export interface CalendarStep {
  readonly unit: SliceUnit;
  /** At least one. */
  readonly count: number;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** The start of the UTC hour, day or month that holds `at`. */
export function floorToUnit(at: EpochMs, unit: SliceUnit): EpochMs {
  switch (unit) {
    case 'hour':
      return Math.floor(at / HOUR_MS) * HOUR_MS;
    case 'day':
      return Math.floor(at / DAY_MS) * DAY_MS;
    case 'month': {
      const date = new Date(at);
      return utcDate(date.getUTCFullYear(), date.getUTCMonth());
    }
  }
}

/** The start of the unit after the one that begins at `start`. */
export function nextUnit(start: EpochMs, unit: SliceUnit): EpochMs {
  switch (unit) {
    case 'hour':
      return start + HOUR_MS;
    case 'day':
      return start + DAY_MS;
    case 'month': {
      const date = new Date(start);
      return utcDate(date.getUTCFullYear(), date.getUTCMonth() + 1);
    }
  }
}

/** The pieces of `range` that `unit` boundaries cut it into; the first and last may be partial. */
export function splitByUnit(range: TimeRange, unit: SliceUnit): TimeRange[] {
  const pieces: TimeRange[] = [];
  let from = range.fromInclusive;
  while (from < range.toExclusive) {
    const to = Math.min(nextUnit(floorToUnit(from, unit), unit), range.toExclusive);
    pieces.push({ fromInclusive: from, toExclusive: to });
    from = to;
  }
  return pieces;
}

export function rangesOverlap(a: TimeRange, b: TimeRange): boolean {
  return a.fromInclusive < b.toExclusive && b.fromInclusive < a.toExclusive;
}

/** From the first instant of any of them to the last; there is one at least. */
export function hullOf(ranges: readonly TimeRange[]): TimeRange {
  return ranges.reduce((hull, { fromInclusive, toExclusive }) => ({
    fromInclusive: Math.min(hull.fromInclusive, fromInclusive),
    toExclusive: Math.max(hull.toExclusive, toExclusive),
  }));
}

export function contains(outer: TimeRange, inner: TimeRange): boolean {
  return outer.fromInclusive <= inner.fromInclusive && inner.toExclusive <= outer.toExclusive;
}

/**
 * `2024-01` for a whole UTC month, `2024-01-15` for a whole UTC day,
 * `2024-01-15T06:00:00.000Z/2024-01-15T07:00:00.000Z` for anything else.
 */
export function formatRange(range: TimeRange): string {
  const from = new Date(range.fromInclusive).toISOString();
  if (isWholeUnit(range, 'month')) return from.slice(0, -'-01T00:00:00.000Z'.length);
  if (isWholeUnit(range, 'day')) return from.slice(0, -'T00:00:00.000Z'.length);
  return `${from}/${new Date(range.toExclusive).toISOString()}`;
}

function isWholeUnit({ fromInclusive, toExclusive }: TimeRange, unit: SliceUnit): boolean {
  return (
    floorToUnit(fromInclusive, unit) === fromInclusive &&
    nextUnit(fromInclusive, unit) === toExclusive
  );
}

/** `Date.UTC` that does not read the years 0 to 99 as 1900 to 1999. */
export function utcDate(year: number, month: number): EpochMs {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 1);
  return date.getTime();
}
