/** Steps of a calendar, as partitions are cut by them: days and months of a zone's own clock. Pure. */

import {
  type CalendarStep,
  DAY_MS,
  type EpochMs,
  HOUR_MS,
  type TimeRange,
  utcDate,
} from './time-range.ts';
import { offsetsOf } from './time-zone.ts';

/** A clock on a wall: what it shows is read as if it were UTC. */
export interface WallClock {
  shown(at: EpochMs): EpochMs;
  /** The instant at which it shows `shown`; just after a gap for what it never shows. */
  instantOf(shown: EpochMs): EpochMs;
}

export const UTC_CLOCK: WallClock = { shown: (at) => at, instantOf: (shown) => shown };

export function clockOf(timeZone: string): WallClock {
  const offset = offsetsOf(timeZone);
  return {
    shown: (at) => at + offset(at),
    instantOf(shown) {
      const guessed = shown - offset(shown);
      const again = shown - offset(guessed);
      if (again + offset(again) === shown) return again;
      return guessed + offset(guessed) === shown ? guessed : Math.max(guessed, again);
    },
  };
}

/** The next border after one at `at`. Of months as many days in as it was, at most the month's last. */
export function stepFrom(at: EpochMs, { unit, count }: CalendarStep, clock: WallClock): EpochMs {
  if (unit === 'hour') return at + count * HOUR_MS;
  const shown = shownAt(at, clock);
  const next = unit === 'day' ? shown + count * DAY_MS : addMonths(shown, count);
  return clock.instantOf(next);
}

/** Where the clock leaps over a border, it is what it would have shown there. */
function shownAt(at: EpochMs, clock: WallClock): EpochMs {
  return Math.min(clock.shown(at), clock.shown(at - 1) + 1);
}

/** The border at or before `at`, where no other is known: a week begins on Monday. */
export function borderBefore(
  at: EpochMs,
  { unit, count }: CalendarStep,
  clock: WallClock,
): EpochMs {
  const shown = clock.shown(at);
  if (unit === 'hour') {
    return at - (((shown % (count * HOUR_MS)) + count * HOUR_MS) % (count * HOUR_MS));
  }
  if (unit === 'day') {
    const length = count * DAY_MS;
    return clock.instantOf(Math.floor((shown - MONDAY_MS) / length) * length + MONDAY_MS);
  }
  const date = new Date(shown);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth();
  return clock.instantOf(utcDate(0, Math.floor(months / count) * count));
}

/** 1970-01-05. */
const MONDAY_MS = 4 * DAY_MS;

/** The step whose one piece `range` is; null where it is none of whole hours, or has no beginning or no end. */
export function stepOf(
  { fromInclusive, toExclusive }: TimeRange,
  clock: WallClock,
): CalendarStep | null {
  if (!Number.isFinite(fromInclusive) || !Number.isFinite(toExclusive)) return null;
  const [from, to] = [shownAt(fromInclusive, clock), shownAt(toExclusive, clock)];
  const months = monthsBetween(from, to);
  if (months !== null) return { unit: 'month', count: months };
  const shownLength = to - from;
  if (shownLength > 0 && shownLength % DAY_MS === 0) {
    return { unit: 'day', count: shownLength / DAY_MS };
  }
  const length = toExclusive - fromInclusive;
  return length > 0 && length % HOUR_MS === 0 ? { unit: 'hour', count: length / HOUR_MS } : null;
}

function monthsBetween(from: EpochMs, to: EpochMs): number | null {
  const [a, b] = [monthOf(from), monthOf(to)];
  return utcDate(0, a) === from && utcDate(0, b) === to && b > a ? b - a : null;
}

function monthOf(at: EpochMs): number {
  const date = new Date(at);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function addMonths(at: EpochMs, count: number): EpochMs {
  const first = utcDate(0, monthOf(at));
  const target = utcDate(0, monthOf(at) + count);
  const days = (utcDate(0, monthOf(target) + 1) - target) / DAY_MS;
  const into = at - first;
  const day = Math.min(Math.floor(into / DAY_MS), days - 1);
  return target + day * DAY_MS + (into % DAY_MS);
}
