/**
 * Which slices of the lake are older than they are to be kept. Pure; `--dry-run` prints what the job
 * runs. What expires is nowhere else: each doubt keeps it.
 */
import { agree, countOf } from '../count.ts';
import type { Dataset } from '../dataset.ts';
import {
  DAY_MS,
  type EpochMs,
  floorToUnit,
  formatRange,
  nextUnit,
  rangesOverlap,
  type TimeRange,
} from '../time/time-range.ts';
import { type ClockFacts, guardClock } from './clock-guard.ts';
import type { ThinnedSlice } from './deletion.ts';
import { formatHeld, type Hold, holdsRange } from './holds.ts';
import { guardAllOfLake, guardDisk, guardShareOfLake } from './lake-guards.ts';
import { type Refusal, unforceable } from './refusal.ts';
import {
  type Border,
  bordersOf,
  dueIn,
  type IntervalRows,
  type KeptDataset,
  newestBorder,
  notesOnIntervals,
  sumByInterval,
  tellDays,
} from './retention.ts';

/** A slice whose segments are live, as the ledger sums it up. */
export interface ExpirableSlice {
  readonly id: string;
  readonly range: TimeRange;
  readonly rows: number;
  readonly bytes: number;
  readonly segments: number;
  /** When it came to the lake, or was written anew there, by PostgreSQL's clock. */
  readonly arrivedAt: EpochMs;
}

export interface ExpiryInput {
  readonly dataset: Pick<Dataset, 'name' | 'slice' | 'limits' | 'intervalColumn'> & KeptDataset;
  /** All of the dataset, oldest first. */
  readonly slices: readonly ExpirableSlice[];
  /** With `coldDaysByInterval`: the rows of each slice that ended before the newest border, by its id. */
  readonly counts: ReadonlyMap<string, readonly IntervalRows[]>;
  /** Intervals of which a row was ever counted in the lake. */
  readonly seen: ReadonlySet<string>;
  readonly clock: ClockFacts;
  /** What the table's own times call now. */
  readonly tableNow: EpochMs;
  /** The longest chunk or partition: its rows leave PostgreSQL when all of it has aged. */
  readonly longestPartMs: number;
  /** Those that have not ended. */
  readonly pinned: readonly TimeRange[];
  readonly holds: readonly Hold[];
  /** Free bytes where segments are staged and published; null when the store can't say. */
  readonly freeBytes: number | null;
  /** Somebody has typed the dataset's name to say that all of it may go. */
  readonly mayEmpty: boolean;
}

/** A slice that loses rows of some intervals, and is written anew with the others. */
export interface ThinnedByInterval extends ThinnedSlice {
  readonly intervals: readonly string[];
}

/** Of one interval, what goes. */
export interface IntervalDue {
  readonly interval: string;
  readonly coldDays: number;
  readonly before: EpochMs;
  readonly rows: number;
}

export interface ExpiryPlan {
  readonly dataset: string;
  /** What ended before it is due, or may be, by its interval; null where nothing ever is. */
  readonly before: EpochMs | null;
  /** Of all live slices. */
  readonly coldRows: number;
  /** As the configuration has them; empty unless rows are kept by interval. */
  readonly intervals: readonly IntervalDue[];
  /** All rows of these go. Oldest first. */
  readonly due: readonly ExpirableSlice[];
  /** Some rows of these go. Oldest first. */
  readonly thinned: readonly ThinnedByInterval[];
  /** That go. */
  readonly rows: number;
  /** Of the slices that go whole. */
  readonly bytes: number;
  readonly segments: number;
  /** Why slices that are old enough stay, one line each. */
  readonly notes: readonly string[];
  readonly refusals: readonly Refusal[];
}

/**
 * So long a slice lies in the lake before it may expire: what came late, after a rotation that had not run
 * for months, can be seen, and held, before it goes.
 */
export const LEAST_STAY_DAYS = 7;

export function planExpiry(input: ExpiryInput): ExpiryPlan {
  const { dataset, slices, counts, tableNow } = input;
  const borders = bordersOf(dataset, tableNow);
  const old = slices.flatMap((slice) => leavingOf(slice, borders, counts));
  const { leaving, notes } = leaveOut(input, old);
  const due = leaving.filter(({ slice, rows }) => rows === slice.rows).map(({ slice }) => slice);
  const thinned = leaving.filter(({ slice, rows }) => rows < slice.rows).map(thinnedOf);
  const coldRows = rowsOf(slices);
  const rows = sumOfRows(leaving);
  return {
    dataset: dataset.name,
    before: newestBorder(borders),
    coldRows,
    intervals: intervalsOf(borders, leaving),
    due,
    thinned,
    rows,
    bytes: due.reduce((sum, { bytes }) => sum + bytes, 0),
    segments: due.reduce((sum, { segments }) => sum + segments, 0),
    notes:
      dataset.coldDaysByInterval === undefined
        ? notes
        : [...notes, ...notesOnIntervals(dataset, [...counts.values()].flat(), input.seen)],
    refusals: [
      ...(borders.length === 0 ? [] : guardClock(dataset.limits, input.clock)),
      ...borders.flatMap((border) => guardDays(input, border)),
      ...(rows === 0 ? [] : guardLeaving(input, rows, coldRows)),
      ...guardDisk(
        'the slices that are written anew',
        thinned.reduce((sum, { bytes }) => sum + bytes, 0),
        { freeBytes: input.freeBytes, minFreeBytes: dataset.limits.minFreeBytes },
      ),
    ],
  };
}

/** A slice with rows that are old enough. */
interface Leaving {
  readonly slice: ExpirableSlice;
  /** That go. */
  readonly rows: number;
  /** These rows by their interval; empty where all rows are kept alike. */
  readonly gone: readonly IntervalRows[];
}

/** None where no row is old enough, or nobody knows which rows it has. */
function leavingOf(
  slice: ExpirableSlice,
  borders: readonly Border[],
  counts: ExpiryInput['counts'],
): readonly Leaving[] {
  const [first] = borders;
  if (first?.interval === null) {
    return slice.range.toExclusive <= first.before ? [{ slice, rows: slice.rows, gone: [] }] : [];
  }
  const gone = dueIn(slice.range, borders, counts.get(slice.id) ?? []);
  const rows = gone.reduce((sum, one) => sum + one.rows, 0);
  return rows === 0 ? [] : [{ slice, rows, gone }];
}

function thinnedOf({ slice, rows, gone }: Leaving): ThinnedByInterval {
  const { id, range, rows: all, bytes, segments } = slice;
  const intervals = gone.flatMap(({ interval }) => (interval === null ? [] : [interval]));
  return { id, range, chosen: rows, chosenSpan: range, rows: all, bytes, segments, intervals };
}

function intervalsOf(
  borders: readonly Border[],
  leaving: readonly Leaving[],
): readonly IntervalDue[] {
  const sums = sumByInterval(leaving.flatMap(({ gone }) => gone));
  return borders.flatMap(({ interval, coldDays, before }) => {
    if (interval === null) return [];
    const rows = sums.find((sum) => sum.interval === interval)?.rows ?? 0;
    return [{ interval, coldDays, before, rows }];
  });
}

interface Sorted {
  readonly leaving: readonly Leaving[];
  readonly notes: readonly string[];
}

function leaveOut(input: ExpiryInput, old: readonly Leaving[]): Sorted {
  const { dataset, holds, pinned, clock } = input;
  const leaving: Leaving[] = [];
  const young: Leaving[] = [];
  const pinnedSlices: Leaving[] = [];
  const held = new Map<Hold, Leaving[]>();
  for (const one of old) {
    const { range, arrivedAt } = one.slice;
    const hold = holds.find((other) => holdsRange(other, range));
    if (hold !== undefined) held.set(hold, [...(held.get(hold) ?? []), one]);
    else if (pinned.some((other) => rangesOverlap(other, range))) pinnedSlices.push(one);
    else if (clock.databaseNow - arrivedAt < LEAST_STAY_DAYS * DAY_MS) young.push(one);
    else leaving.push(one);
  }
  const notes = [...held].map(
    ([hold, kept]) =>
      `${tellRows(kept)} of ${formatHeld(hold.range)} ${stay(kept)} for hold ${hold.id} (${hold.reason})`,
  );
  if (pinnedSlices.length > 0) {
    notes.push(
      `${tellRows(pinnedSlices)} ${stay(pinnedSlices)} beside restored time that is pinned; \`tierd unpin ${dataset.name}\` lets them go`,
    );
  }
  if (young.length > 0) {
    notes.push(
      `${tellRows(young)} ${stay(young)}: written to the lake less than ${String(LEAST_STAY_DAYS)} days ago, so that nothing expires unseen as it arrives`,
    );
  }
  return { leaving, notes };
}

/** Rows that leave late would be gone as they come. */
function guardDays(
  { dataset: { name, slice }, longestPartMs, tableNow }: ExpiryInput,
  { interval, coldDays, hotDays }: Border,
): Refusal[] {
  const start = floorToUnit(tableNow, slice);
  const longestSlice = slice === 'month' ? 31 * DAY_MS : nextUnit(start, slice) - start;
  const latest = hotDays + (longestPartMs + longestSlice) / DAY_MS;
  if (coldDays > latest) return [];
  const least = Math.floor(latest) + 1;
  const key = interval === null ? 'cold_days' : `cold_days_by_interval.${interval}`;
  return [
    unforceable(
      'cold_days_too_short',
      `${key} of ${name} is ${String(coldDays)}, and its rows may be up to ${String(Math.ceil(latest))} days old when they reach the lake: hot_days (${String(hotDays)}), and as long as a ${longestPartMs > 0 ? 'chunk or partition' : slice} lasts`,
      `set datasets.${name}.${key} to at least ${String(least)}`,
    ),
  ];
}

function guardLeaving(
  { dataset, mayEmpty }: ExpiryInput,
  rows: number,
  coldRows: number,
): readonly Refusal[] {
  const { name, coldDays, coldDaysByInterval, limits } = dataset;
  const deed = (some: string): string => `let ${some} expire`;
  const leaving = { dataset: name, rows, coldRows, deed };
  const days =
    coldDaysByInterval === undefined
      ? `cold_days (${String(coldDays)})`
      : `cold_days_by_interval (${tellDays(coldDaysByInterval)})`;
  return [
    ...guardShareOfLake(
      leaving,
      limits.maxShare,
      `check ${days} and the clock; look at \`tierd expire ${name} --dry-run\`, then use --force`,
    ),
    ...(mayEmpty || rows < coldRows
      ? []
      : guardAllOfLake(leaving, `tierd expire ${name} --force --may-empty ${name}`)),
  ];
}

export function rangeOf(slices: readonly ExpirableSlice[]): TimeRange {
  return {
    fromInclusive: slices.reduce(
      (least, { range }) => Math.min(least, range.fromInclusive),
      Infinity,
    ),
    toExclusive: slices.reduce((most, { range }) => Math.max(most, range.toExclusive), -Infinity),
  };
}

export function rowsOf(slices: readonly ExpirableSlice[]): number {
  return slices.reduce((sum, { rows }) => sum + rows, 0);
}

const sumOfRows = (leaving: readonly Leaving[]): number =>
  leaving.reduce((sum, { rows }) => sum + rows, 0);

function tellRows(leaving: readonly Leaving[]): string {
  const range = rangeOf(leaving.map(({ slice }) => slice));
  return `${countOf(sumOfRows(leaving), 'row')} (${formatRange(range)})`;
}

function stay(leaving: readonly Leaving[]): string {
  return agree(sumOfRows(leaving), 'stays', 'stay');
}
