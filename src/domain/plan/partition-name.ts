/** What a partition that is made ahead is called: as the newest one is, or as pg_partman would. Pure. */
import type { WallClock } from '../time/calendar-step.ts';
import { type CalendarStep, DAY_MS, type EpochMs, HOUR_MS } from '../time/time-range.ts';

/** Of PostgreSQL, in bytes. */
const LONGEST = 63;

interface Form {
  /** The finest that it tells apart. */
  readonly unit: CalendarStep['unit'] | 'year';
  readonly write: (at: Date) => string;
}

const two = (value: number): string => String(value).padStart(2, '0');
const year = (at: Date): string => String(at.getUTCFullYear()).padStart(4, '0');
const month = (at: Date): string => two(at.getUTCMonth() + 1);
const day = (at: Date): string => two(at.getUTCDate());
const hour = (at: Date): string => two(at.getUTCHours());

/** The longer before those that are a part of them. */
const FORMS: readonly Form[] = [
  { unit: 'hour', write: (at) => `${year(at)}${month(at)}${day(at)}_${hour(at)}0000` },
  { unit: 'hour', write: (at) => `${year(at)}_${month(at)}_${day(at)}_${hour(at)}00` },
  { unit: 'hour', write: (at) => `${year(at)}_${month(at)}_${day(at)}_${hour(at)}` },
  { unit: 'hour', write: (at) => `${year(at)}${month(at)}${day(at)}_${hour(at)}` },
  { unit: 'hour', write: (at) => `${year(at)}${month(at)}${day(at)}${hour(at)}` },
  ...['_', '-', ''].map(
    (mark): Form => ({
      unit: 'day',
      write: (at) => [year(at), month(at), day(at)].join(mark),
    }),
  ),
  { unit: 'day', write: (at) => `${year(at)}m${month(at)}d${day(at)}` },
  { unit: 'month', write: (at) => `${year(at)}m${month(at)}` },
  ...['_', '-', ''].map(
    (mark): Form => ({ unit: 'month', write: (at) => [year(at), month(at)].join(mark) }),
  ),
  { unit: 'year', write: year },
];

/** As pg_partman 5 does. */
const OWN: Readonly<Record<'second' | 'day', Form['write']>> = {
  second: (at) =>
    `_p${year(at)}${month(at)}${day(at)}_${hour(at)}${two(at.getUTCMinutes())}${two(at.getUTCSeconds())}`,
  day: (at) => `_p${year(at)}${month(at)}${day(at)}`,
};

/** Behind the name of the later of two that begin in one hour of the wall clock, as it has it twice when it is set back. */
const AGAIN = '_again';

/** What the newest is called, when it begins, and when it ends where its name may say that too. */
interface NewestName {
  readonly name: string;
  readonly start: EpochMs;
  readonly end?: EpochMs;
}

interface Names {
  readonly table: string;
  readonly newest: NewestName | null;
  /** Of all partitions that are there. */
  readonly taken: readonly string[];
}

/**
 * No two that begin at different seconds have one name, whenever they are made.
 *
 * @param starts of those to be made
 */
export function namesFor(
  { table, newest, taken }: Names,
  starts: readonly EpochMs[],
  clock: WallClock,
): readonly string[] {
  const names = newest === null ? null : namesAs(newest, starts, clock);
  const all = [...taken, ...(names ?? [])];
  if (names !== null && new Set(all).size === all.length && names.every(fits)) return names;
  const isFine = starts.every((start) => clock.shown(start) % DAY_MS === 0);
  const write = OWN[isFine ? 'day' : 'second'];
  return starts.map((start) =>
    joined(table, write(new Date(clock.shown(start))) + markOf(start, clock)),
  );
}

/** Null where its name tells nothing. */
function namesAs(
  newest: NewestName,
  starts: readonly EpochMs[],
  clock: WallClock,
): readonly string[] | null {
  const mark = markOf(newest.start, clock);
  const name = newest.name.endsWith(mark)
    ? newest.name.slice(0, newest.name.length - mark.length)
    : newest.name;
  const shown = new Date(clock.shown(newest.start));
  const form = FORMS.find(({ write }) => name.includes(write(shown)));
  if (form === undefined) return null;
  const told = form.write(shown);
  const at = name.lastIndexOf(told);
  const [before, after] = [name.slice(0, at), name.slice(at + told.length)];
  if (tellsMore([before, after], newest, form, clock)) return null;
  return starts.map(
    (start) => before + form.write(new Date(clock.shown(start))) + after + markOf(start, clock),
  );
}

/** Whether the rest of the name has one more date: that would be of no other. */
function tellsMore(
  rest: readonly string[],
  { start, end = start }: NewestName,
  { write }: Form,
  clock: WallClock,
): boolean {
  const dates = [start, end, end - 1].map((at) => write(new Date(clock.shown(at))));
  return rest.some((part) => dates.some((date) => part.includes(date)));
}

function markOf(start: EpochMs, clock: WallClock): string {
  return comesAgain(start, clock) ? AGAIN : '';
}

/** Whether the clock showed the same hour before, an hour or more ago. No clock was ever set back by more than a day. */
function comesAgain(start: EpochMs, clock: WallClock): boolean {
  const yesterday = start - DAY_MS;
  if (clock.shown(start) - clock.shown(yesterday) >= DAY_MS) return false;
  const hourAt = (at: EpochMs): number => Math.floor(clock.shown(at) / HOUR_MS);
  for (let at = start - HOUR_MS; at >= yesterday; at -= HOUR_MS) {
    if (hourAt(at) === hourAt(start)) return true;
  }
  return false;
}

const fits = (name: string): boolean => Buffer.byteLength(name) <= LONGEST;

/** The table's name gives way, as PostgreSQL would cut the end off, which tells them apart. */
function joined(table: string, end: string): string {
  let kept = table;
  while (!fits(kept + end)) kept = Array.from(kept).slice(0, -1).join('');
  return kept + end;
}
