/** The forms in which people and programs write an interval; the rest is refused. */
import { microsOf } from './clock-literal.ts';

export interface Interval {
  readonly months: bigint;
  readonly days: bigint;
  readonly micros: bigint;
}

const SECOND = 1_000_000n;

type Unit = 'months' | 'days' | 'micros';

const UNITS: Readonly<Record<string, readonly [Unit, bigint]>> = {
  microsecond: ['micros', 1n],
  us: ['micros', 1n],
  millisecond: ['micros', 1000n],
  ms: ['micros', 1000n],
  msec: ['micros', 1000n],
  second: ['micros', SECOND],
  sec: ['micros', SECOND],
  s: ['micros', SECOND],
  minute: ['micros', 60n * SECOND],
  min: ['micros', 60n * SECOND],
  m: ['micros', 60n * SECOND],
  hour: ['micros', 3600n * SECOND],
  hr: ['micros', 3600n * SECOND],
  h: ['micros', 3600n * SECOND],
  day: ['days', 1n],
  d: ['days', 1n],
  week: ['days', 7n],
  w: ['days', 7n],
  month: ['months', 1n],
  mon: ['months', 1n],
  quarter: ['months', 3n],
  year: ['months', 12n],
  yr: ['months', 12n],
  y: ['months', 12n],
  decade: ['months', 120n],
  century: ['months', 1200n],
};

/** Null for a form that isn't read here. */
export function readInterval(text: string): Interval | null {
  const given = text.trim().toLowerCase();
  if (given.length > 100) return null;
  return readIso(text.trim()) ?? readVerbose(given);
}

function readVerbose(given: string): Interval | null {
  const isAgo = given.endsWith(' ago');
  const rest = given.replace(/^@ /, '').replace(/ ago$/, '');
  const total = { months: 0n, days: 0n, micros: 0n };
  const form =
    /(?<sign>[+-]?)(?<h>\d{1,9}):(?<m>\d\d)(?::(?<s>\d\d)(?:\.(?<f>\d+))?)?(?=\s|$)|(?<n>[+-]?\d{1,12})(?:\.(?<part>\d+))?\s*(?<unit>[a-z]+)/y;
  const blank = /\s*/y;
  let at = 0;
  let found = 0;
  while (at < rest.length) {
    form.lastIndex = at;
    const groups = form.exec(rest)?.groups;
    if (groups === undefined) return null;
    if (!(groups['h'] === undefined ? addUnit(groups, total) : addClock(groups, total)))
      return null;
    blank.lastIndex = form.lastIndex;
    blank.exec(rest);
    at = blank.lastIndex;
    found += 1;
  }
  if (found === 0) return null;
  if (!isAgo) return total;
  return { months: -total.months, days: -total.days, micros: -total.micros };
}

type Groups = Readonly<Record<string, string | undefined>>;
interface Total {
  months: bigint;
  days: bigint;
  micros: bigint;
}

function addClock(groups: Groups, total: Total): boolean {
  const { sign, h = '0', m = '0', s = '0', f = '0' } = groups;
  if (Number(m) > 59 || Number(s) > 59) return false;
  const seconds = BigInt(h) * 3600n + BigInt(m) * 60n + BigInt(s);
  const micros = seconds * SECOND + BigInt(microsOf(f));
  total.micros += sign === '-' ? -micros : micros;
  return true;
}

function addUnit({ n = '0', part, unit = '' }: Groups, total: Total): boolean {
  const found = UNITS[unit] ?? UNITS[unit.replace(/s$/, '')] ?? UNITS[unit.replace(/ies$/, 'y')];
  if (found === undefined) return false;
  const [field, size] = found;
  total[field] += BigInt(n) * size;
  if (part === undefined) return true;
  // A part of a day or month is spread over smaller units, in floating point.
  if (field !== 'micros') return false;
  const micros = BigInt(microsOfPart(part, Number(size)));
  total.micros += n.startsWith('-') ? -micros : micros;
  return true;
}

/** Of a unit that has `size` microseconds, as PostgreSQL makes them of a double: unlike those of a time of day, a half is left out. */
function microsOfPart(digits: string, size: number): number {
  const exact = Number(`.${digits}`) * size;
  const below = Math.trunc(exact);
  return exact - below > 0.5 ? below + 1 : below;
}

function readIso(given: string): Interval | null {
  const form =
    /^P(?=.)(?:(-?\d{1,9})Y)?(?:(-?\d{1,9})M)?(?:(-?\d{1,9})W)?(?:(-?\d{1,9})D)?(?:T(?=.)(?:(-?\d{1,9})H)?(?:(-?\d{1,9})M)?(?:(-?\d{1,9})S)?)?$/;
  const found = form.exec(given);
  if (found === null) return null;
  const [years, months, weeks, days, hours, minutes, seconds] = found
    .slice(1)
    .map((part: string | undefined) => BigInt(part ?? '0')) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  return {
    months: years * 12n + months,
    days: weeks * 7n + days,
    micros: (hours * 3600n + minutes * 60n + seconds) * SECOND,
  };
}

const MAX_INT4 = 2_147_483_647n;

/** As DuckDB takes it; null where it is out of range. */
export function intervalSql({ months, days, micros }: Interval): string | null {
  const isIn = [months, days].every((part) => part <= MAX_INT4 && part >= -MAX_INT4);
  if (!isIn || micros > 2n ** 62n || micros < -(2n ** 62n)) return null;
  return `CAST('${String(months)} months ${String(days)} days ${String(micros)} microseconds' AS INTERVAL)`;
}
