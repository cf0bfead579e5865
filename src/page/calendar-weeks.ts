/** A dataset's days as columns of weeks, Monday first. */
import type { CalendarDay, DayState } from './documents.ts';

const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;

/** A day of the calendar: letters and words beside the colour. */
export const STATES: Readonly<
  Record<DayState, { readonly letter: string; readonly means: string }>
> = {
  live: { letter: 'L', means: 'live: still being written' },
  hot: { letter: 'H', means: 'hot: in PostgreSQL' },
  moving: { letter: 'M', means: 'moving: on its way to the lake' },
  cold: { letter: 'C', means: 'cold: in the lake' },
  gap: { letter: 'G', means: 'gap: no rows anywhere' },
  bad: { letter: '!', means: 'bad: a segment failed its scrub' },
  empty: { letter: '', means: 'outside of what there is' },
};

/** What a day can be beside its state: lines and words. */
export const MARKS = {
  pinned: 'pinned: restored, and hot until its pin ends',
  held: 'held: a hold keeps it in the lake',
} as const;

export function marksOf(day: CalendarDay | null): readonly (keyof typeof MARKS)[] {
  return [
    ...(day?.is_pinned === true ? (['pinned'] as const) : []),
    ...(day?.is_held === true && day.state !== 'empty' ? (['held'] as const) : []),
  ];
}

export const LEGEND = ['live', 'hot', 'moving', 'cold', 'gap', 'bad'] as const;

export interface Week {
  /** Its Monday, `2026-11-02`. */
  readonly monday: string;
  /** Named where a month begins within the week. */
  readonly month: string | null;
  /** Seven; null for a day that the server did not tell. */
  readonly days: readonly (CalendarDay | null)[];
}

/** The range of whole weeks that ends with the one of `lastDay`. */
export function weeksRange(
  lastDay: string,
  weeks: number,
): { readonly from: string; readonly to: string } {
  const sunday = mondayOf(Date.parse(lastDay)) + (WEEK_DAYS - 1) * DAY_MS;
  return { from: isoDay(sunday - (weeks * WEEK_DAYS - 1) * DAY_MS), to: isoDay(sunday) };
}

export function weeksOf(
  days: readonly CalendarDay[],
  from: string,
  weeks: number,
): readonly Week[] {
  const byDay = new Map(days.map((day) => [day.day, day]));
  const first = mondayOf(Date.parse(from));
  return Array.from({ length: weeks }, (_, week) => {
    const monday = first + week * WEEK_DAYS * DAY_MS;
    const dates = Array.from({ length: WEEK_DAYS }, (_, day) => isoDay(monday + day * DAY_MS));
    const begun = dates.find((date) => date.endsWith('-01'));
    return {
      monday: isoDay(monday),
      month: begun === undefined ? null : monthName(begun),
      days: dates.map((date) => byDay.get(date) ?? null),
    };
  });
}

/** `hot 30 · cold 147 · held 31`, in the legend's order; what is not there is left out. */
export function countStates(
  days: readonly CalendarDay[],
): readonly { readonly name: DayState | keyof typeof MARKS; readonly count: number }[] {
  return [
    ...LEGEND.map((name) => ({ name, count: days.filter(({ state }) => state === name).length })),
    ...(['pinned', 'held'] as const).map((name) => ({
      name,
      count: days.filter((day) => marksOf(day).includes(name)).length,
    })),
  ].filter(({ count }) => count > 0);
}

/** Where a key leads from a day; null for a key that leads nowhere. */
export function moveBy(key: string): number | null {
  switch (key) {
    case 'ArrowLeft':
      return -WEEK_DAYS;
    case 'ArrowRight':
      return WEEK_DAYS;
    case 'ArrowUp':
      return -1;
    case 'ArrowDown':
      return 1;
    case 'PageUp':
      return -4 * WEEK_DAYS;
    case 'PageDown':
      return 4 * WEEK_DAYS;
    case 'Home':
      return -Infinity;
    case 'End':
      return Infinity;
    default:
      return null;
  }
}

export function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function shiftDay(day: string, by: number): string {
  return isoDay(Date.parse(day) + by * DAY_MS);
}

function mondayOf(ms: number): number {
  const day = Math.floor(ms / DAY_MS);
  // 1970-01-01 was a Thursday; a remainder is negative before it.
  const weekday = (((day + 3) % WEEK_DAYS) + WEEK_DAYS) % WEEK_DAYS;
  return (day - weekday) * DAY_MS;
}

function monthName(day: string): string {
  const month = new Date(day).toLocaleString('en-US', { month: 'short', timeZone: 'UTC' });
  return month === 'Jan' ? `Jan ${day.slice(0, 4)}` : month;
}
