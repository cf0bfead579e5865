/** What a partition that is made ahead is called: as the newest one is, or as pg_partman would. Pure. */
import type { CalendarStep, EpochMs } from '../time/time-range.ts';

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
const OWN: Readonly<Record<'hour' | 'day', Form['write']>> = {
  hour: (at) => `_p${year(at)}${month(at)}${day(at)}_${hour(at)}0000`,
  day: (at) => `_p${year(at)}${month(at)}${day(at)}`,
};

/**
 * @param newest what it is called and begins at, on the wall clock; null where there is none
 * @param starts of those to be made, on the wall clock, in order
 */
export function namesFor(
  table: string,
  newest: { readonly name: string; readonly start: EpochMs } | null,
  starts: readonly EpochMs[],
): readonly string[] {
  const form = newest === null ? null : formOf(newest.name, newest.start);
  if (newest !== null && form !== null) {
    const told = form.write(new Date(newest.start));
    const at = newest.name.lastIndexOf(told);
    const [before, after] = [newest.name.slice(0, at), newest.name.slice(at + told.length)];
    const names = starts.map((start) => before + form.write(new Date(start)) + after);
    const all = [newest.name, ...names];
    if (new Set(all).size === all.length && names.every(fits)) return names;
  }
  const isFine = starts.every((start) => new Date(start).getUTCHours() === 0);
  const write = OWN[isFine ? 'day' : 'hour'];
  return starts.map((start) => joined(table, write(new Date(start))));
}

function formOf(name: string, start: EpochMs): Form | null {
  return FORMS.find((form) => name.includes(form.write(new Date(start)))) ?? null;
}

const fits = (name: string): boolean => Buffer.byteLength(name) <= LONGEST;

/** The table's name gives way, as PostgreSQL would cut the end off, which tells them apart. */
function joined(table: string, end: string): string {
  let kept = table;
  while (!fits(kept + end)) kept = Array.from(kept).slice(0, -1).join('');
  return kept + end;
}
