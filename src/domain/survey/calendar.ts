/** A dataset day by day: in which store each one's rows are. */
import { type Hold, holdsRange } from '../plan/holds.ts';
import {
  DAY_MS,
  type EpochMs,
  floorToUnit,
  rangesOverlap,
  type TimeRange,
} from '../time/time-range.ts';

export type DayState = 'live' | 'hot' | 'moving' | 'cold' | 'gap' | 'bad' | 'empty';

export interface CalendarDay {
  /** `2024-01-15`, UTC. */
  readonly day: string;
  readonly state: DayState;
  /** Null where there are rows and nobody can say how many without reading them. */
  readonly hotRows: number | null;
  readonly coldRows: number;
  readonly segments: number;
  /** Some of it was restored, and stays hot until its pin ends. */
  readonly isPinned: boolean;
  /** A hold keeps what is cold of it in the lake. */
  readonly isHeld: boolean;
}

export interface Calendar {
  readonly dataset: string;
  readonly from: string;
  readonly to: string;
  readonly hotRowsAreEstimated: boolean;
  readonly days: readonly CalendarDay[];
}

export interface ColdSegment {
  readonly range: TimeRange;
  readonly rows: number;
  readonly isBad: boolean;
}

export interface CalendarFacts {
  readonly now: EpochMs;
  /** Days with rows in the hot store, by their first instant. */
  readonly hot: ReadonlyMap<EpochMs, number | null>;
  /** Of all rows of the dataset in both stores; null when there are none. */
  readonly oldest: EpochMs | null;
  readonly newest: EpochMs | null;
  /** Newest row of the hot store. */
  readonly newestHot: EpochMs | null;
  readonly segments: readonly ColdSegment[];
  /** Of moves that were begun and not finished. */
  readonly moving: readonly TimeRange[];
  /** Restored time whose pin has not ended. */
  readonly pinned: readonly TimeRange[];
  /** That have not ended. */
  readonly holds: readonly Hold[];
  /** Something waits in the live store for this dataset. */
  readonly hasBacklog: boolean;
}

/** What a calendar of at most three years is asked for. */
export const MAX_CALENDAR_DAYS = 3 * 366;

/** One entry for each UTC day of `range`, oldest first. */
export function calendarDays(range: TimeRange, facts: CalendarFacts): readonly CalendarDay[] {
  const cold = coldByDay(range, facts.segments);
  const days: CalendarDay[] = [];
  for (let at = floorToUnit(range.fromInclusive, 'day'); at < range.toExclusive; at += DAY_MS) {
    const inLake = cold.get(at) ?? NO_COLD;
    const hasHot = facts.hot.has(at);
    days.push({
      day: dayText(at),
      state: stateOf(at, hasHot, inLake, facts),
      hotRows: hasHot ? (facts.hot.get(at) ?? null) : 0,
      coldRows: Math.round(inLake.rows),
      segments: inLake.segments,
      isPinned: facts.pinned.some((range) => rangesOverlap(range, dayAt(at))),
      isHeld: facts.holds.some((hold) => holdsRange(hold, dayAt(at))),
    });
  }
  return days;
}

const dayAt = (at: EpochMs): TimeRange => ({ fromInclusive: at, toExclusive: at + DAY_MS });

export function dayText(at: EpochMs): string {
  return new Date(at).toISOString().slice(0, 10);
}

interface ColdDay {
  readonly rows: number;
  readonly segments: number;
  readonly isBad: boolean;
}

const NO_COLD: ColdDay = { rows: 0, segments: 0, isBad: false };

function stateOf(
  at: EpochMs,
  hasHot: boolean,
  cold: ColdDay,
  { now, oldest, newest, newestHot, moving, hasBacklog }: CalendarFacts,
): DayState {
  const day = dayAt(at);
  if (cold.isBad) return 'bad';
  const isBetween =
    oldest !== null && newest !== null && at > oldest && at < floorToUnit(newest, 'day');
  const isMoving = moving.some((range) => rangesOverlap(range, day));
  if (isMoving && (hasHot || cold.segments > 0 || isBetween)) return 'moving';
  const isToday = at === floorToUnit(now, 'day');
  const isNewest = newestHot !== null && at === floorToUnit(newestHot, 'day');
  if (isToday && (hasHot || hasBacklog)) return 'live';
  if (isNewest && hasBacklog && at <= now) return 'live';
  if (cold.segments > 0) return 'cold';
  if (hasHot) return 'hot';
  return isBetween ? 'gap' : 'empty';
}

/** The rows of a segment of several days are shared out evenly among the days that it touches. */
function coldByDay(range: TimeRange, segments: readonly ColdSegment[]): Map<EpochMs, ColdDay> {
  const days = new Map<EpochMs, ColdDay>();
  for (const segment of segments) {
    const first = floorToUnit(segment.range.fromInclusive, 'day');
    const last = floorToUnit(segment.range.toExclusive - 1, 'day');
    const touched = Math.round((last - first) / DAY_MS) + 1;
    const from = Math.max(first, floorToUnit(range.fromInclusive, 'day'));
    for (let at = from; at <= last && at < range.toExclusive; at += DAY_MS) {
      const before = days.get(at) ?? NO_COLD;
      days.set(at, {
        rows: before.rows + segment.rows / touched,
        segments: before.segments + 1,
        isBad: before.isBad || segment.isBad,
      });
    }
  }
  return days;
}
