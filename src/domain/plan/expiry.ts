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
import { formatHeld, type Hold, holdsRange } from './holds.ts';
import { guardAllOfLake, guardShareOfLake } from './lake-guards.ts';
import { type Refusal, unforceable } from './refusal.ts';

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
  readonly dataset: Pick<Dataset, 'name' | 'hotDays' | 'coldDays' | 'slice' | 'limits'>;
  /** All of the dataset, oldest first. */
  readonly slices: readonly ExpirableSlice[];
  readonly clock: ClockFacts;
  /** What the table's own times call now. */
  readonly tableNow: EpochMs;
  /** The longest chunk or partition: its rows leave PostgreSQL when all of it has aged. */
  readonly longestPartMs: number;
  /** Those that have not ended. */
  readonly pinned: readonly TimeRange[];
  readonly holds: readonly Hold[];
  /** Somebody has typed the dataset's name to say that all of it may go. */
  readonly mayEmpty: boolean;
}

export interface ExpiryPlan {
  readonly dataset: string;
  /** What ended before it is due; null where nothing ever is. */
  readonly before: EpochMs | null;
  /** Of all live slices. */
  readonly coldRows: number;
  /** Oldest first. */
  readonly due: readonly ExpirableSlice[];
  readonly rows: number;
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
  const { dataset, slices, tableNow } = input;
  const before =
    dataset.coldDays === undefined
      ? null
      : floorToUnit(tableNow - dataset.coldDays * DAY_MS, 'day');
  const old = slices.filter(({ range }) => before !== null && range.toExclusive <= before);
  const { due, notes } = leaveOut(input, old);
  const coldRows = rowsOf(slices);
  const rows = rowsOf(due);
  return {
    dataset: dataset.name,
    before,
    coldRows,
    due,
    rows,
    bytes: due.reduce((sum, { bytes }) => sum + bytes, 0),
    segments: due.reduce((sum, { segments }) => sum + segments, 0),
    notes,
    refusals: [
      ...(before === null ? [] : guardClock(dataset.limits, input.clock)),
      ...guardDays(input),
      ...(due.length === 0 ? [] : guardLeaving(input, rows, coldRows, due.length)),
    ],
  };
}

interface Sorted {
  readonly due: readonly ExpirableSlice[];
  readonly notes: readonly string[];
}

function leaveOut(input: ExpiryInput, old: readonly ExpirableSlice[]): Sorted {
  const { dataset, holds, pinned, clock } = input;
  const due: ExpirableSlice[] = [];
  const young: ExpirableSlice[] = [];
  const pinnedSlices: ExpirableSlice[] = [];
  const held = new Map<Hold, ExpirableSlice[]>();
  for (const slice of old) {
    const hold = holds.find((one) => holdsRange(one, slice.range));
    if (hold !== undefined) held.set(hold, [...(held.get(hold) ?? []), slice]);
    else if (pinned.some((range) => rangesOverlap(range, slice.range))) pinnedSlices.push(slice);
    else if (clock.databaseNow - slice.arrivedAt < LEAST_STAY_DAYS * DAY_MS) young.push(slice);
    else due.push(slice);
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
  return { due, notes };
}

/** Rows that leave late would be gone as they come. */
function guardDays({ dataset, longestPartMs, tableNow }: ExpiryInput): Refusal[] {
  const { name, coldDays, hotDays, slice } = dataset;
  if (coldDays === undefined) return [];
  const start = floorToUnit(tableNow, slice);
  const longestSlice = slice === 'month' ? 31 * DAY_MS : nextUnit(start, slice) - start;
  const latest = hotDays + (longestPartMs + longestSlice) / DAY_MS;
  if (coldDays > latest) return [];
  const least = Math.floor(latest) + 1;
  return [
    unforceable(
      'cold_days_too_short',
      `cold_days of ${name} is ${String(coldDays)}, and its rows may be up to ${String(Math.ceil(latest))} days old when they reach the lake: hot_days (${String(hotDays)}), and as long as a ${longestPartMs > 0 ? 'chunk or partition' : slice} lasts`,
      `set datasets.${name}.cold_days to at least ${String(least)}`,
    ),
  ];
}

function guardLeaving(
  { dataset, slices, mayEmpty }: ExpiryInput,
  rows: number,
  coldRows: number,
  due: number,
): readonly Refusal[] {
  const { name, coldDays, limits } = dataset;
  const deed = (some: string): string => `let ${some} expire`;
  const leaving = { dataset: name, rows, coldRows, deed };
  return [
    ...guardShareOfLake(
      leaving,
      limits.maxShare,
      `check cold_days (${String(coldDays)}) and the clock; look at \`tierd expire ${name} --dry-run\`, then use --force`,
    ),
    ...(mayEmpty || due < slices.length
      ? []
      : guardAllOfLake(leaving, `tierd expire ${name} --force --may-empty ${name}`)),
  ];
}

/** Slices that expire in one transaction, oldest first. */
export function batchesOf(due: readonly ExpirableSlice[]): readonly (readonly ExpirableSlice[])[] {
  const batches: ExpirableSlice[][] = [];
  for (const slice of due) {
    const last = batches.at(-1);
    const segments = (last ?? []).reduce((sum, one) => sum + one.segments, slice.segments);
    if (last === undefined || segments > MAX_BATCH_SEGMENTS) batches.push([slice]);
    else last.push(slice);
  }
  return batches;
}

/** Each is named in the audit entry. */
const MAX_BATCH_SEGMENTS = 500;

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

function tellRows(slices: readonly ExpirableSlice[]): string {
  return `${countOf(rowsOf(slices), 'row')} (${formatRange(rangeOf(slices))})`;
}

function stay(slices: readonly ExpirableSlice[]): string {
  return agree(rowsOf(slices), 'stays', 'stay');
}
