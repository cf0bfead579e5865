/**
 * How long a dataset's cold rows are kept at all: all of them alike, or each by its interval. Pure. A row whose
 * interval is not named is kept for ever: a name that was misspelt must not be what lets rows go.
 */
import { agree, countOf } from '../count.ts';
import type { Dataset } from '../dataset.ts';
import { DAY_MS, type EpochMs, floorToUnit, type TimeRange } from '../time/time-range.ts';

export type KeptDataset = Pick<
  Dataset,
  'hotDays' | 'hotIntervals' | 'coldDays' | 'coldDaysByInterval'
>;

/** What ended then, or earlier, has been kept long enough. */
export interface Border {
  /** Whose rows; null is all rows. */
  readonly interval: string | null;
  readonly coldDays: number;
  /** That those rows stay in PostgreSQL. */
  readonly hotDays: number;
  readonly before: EpochMs;
}

/** Rows of one interval in a slice; null is of those without one. */
export interface IntervalRows {
  readonly interval: string | null;
  readonly rows: number;
}

export function everExpires({
  coldDays,
  coldDaysByInterval,
}: Omit<KeptDataset, 'hotDays'>): boolean {
  return coldDays !== undefined || coldDaysByInterval !== undefined;
}

/** None where rows are kept for ever. @param tableNow what the table's own times call now */
export function bordersOf(dataset: KeptDataset, tableNow: EpochMs): readonly Border[] {
  const { coldDays, coldDaysByInterval, hotDays, hotIntervals } = dataset;
  const borderOf = (interval: string | null, days: number): Border => ({
    interval,
    coldDays: days,
    hotDays: interval !== null && hotIntervals?.includes(interval) === false ? 0 : hotDays,
    before: floorToUnit(tableNow - days * DAY_MS, 'day'),
  });
  if (coldDaysByInterval === undefined) {
    return coldDays === undefined ? [] : [borderOf(null, coldDays)];
  }
  return Object.entries(coldDaysByInterval).map(([interval, days]) => borderOf(interval, days));
}

/** What ended before it may have rows that are due; null where nothing ever is. */
export function newestBorder(borders: readonly Border[]): EpochMs | null {
  if (borders.length === 0) return null;
  return borders.reduce((newest, { before }) => Math.max(newest, before), -Infinity);
}

/** Of the rows of a slice those that are due. @param counts of all of its rows */
export function dueIn(
  { toExclusive }: TimeRange,
  borders: readonly Border[],
  counts: readonly IntervalRows[],
): readonly IntervalRows[] {
  return counts.filter(
    ({ interval }) =>
      interval !== null &&
      borders.some((border) => border.interval === interval && toExclusive <= border.before),
  );
}

/**
 * What stays for ever, and names that fit nothing, one line each.
 *
 * @param counts of slices that were looked at
 * @param seen intervals of which a row was ever counted in the lake
 */
export function notesOnIntervals(
  dataset: Pick<Dataset, 'name' | 'intervalColumn' | 'coldDaysByInterval'>,
  counts: readonly IntervalRows[],
  seen: ReadonlySet<string>,
): readonly string[] {
  const { name, intervalColumn = 'the interval', coldDaysByInterval = {} } = dataset;
  const named = Object.keys(coldDaysByInterval);
  const unnamed = sumByInterval(counts).filter(
    ({ interval }) => interval === null || !named.includes(interval),
  );
  const kept = unnamed.map(({ interval, rows }) => {
    const whose = interval === null ? `without ${intervalColumn}` : `of ${interval}`;
    const why =
      interval === null ? '' : `, which datasets.${name}.cold_days_by_interval does not name,`;
    return `${countOf(rows, 'old row')} ${whose}${why} ${agree(rows, 'stays', 'stay')} for ever`;
  });
  // Of a lake in which nothing is old yet nobody knows what will come.
  const unseen = seen.size === 0 ? [] : named.filter((interval) => !seen.has(interval));
  return [
    ...kept,
    ...unseen.map(
      (interval) =>
        `cold_days_by_interval names ${interval}, and no old row in the lake was ever of it`,
    ),
  ];
}

export function sumByInterval(counts: readonly IntervalRows[]): readonly IntervalRows[] {
  const sums = new Map<string | null, number>();
  for (const { interval, rows } of counts) sums.set(interval, (sums.get(interval) ?? 0) + rows);
  return [...sums].map(([interval, rows]) => ({ interval, rows }));
}

/** `1m: 30, 5m: 90`: as the audit log has it. */
export function tellDays(coldDaysByInterval: Readonly<Record<string, number>>): string {
  return Object.entries(coldDaysByInterval)
    .map(([interval, days]) => `${interval}: ${String(days)}`)
    .join(', ');
}
