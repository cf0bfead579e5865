/** Times that are held as text, in PostgreSQL's binary forms. */
import type { RowBytes } from './row-bytes.ts';

const DAY_US = 86_400_000_000n;
const SECOND_US = 1_000_000n;
/** From the first day of the year 0 in the calendar of today to that of 2000. */
const DAYS_FROM_0_TO_2000 = 730_485;
const LAST_DAY = 2 ** 31 - 1;
const LAST_MICROS = 2n ** 63n - 1n;

export function writeDate(out: RowBytes, text: string): void {
  if (text === 'infinity') out.int32(LAST_DAY);
  else if (text === '-infinity') out.int32(-LAST_DAY - 1);
  else out.int32(daysOf(text));
}

export function writeTime(out: RowBytes, text: string): void {
  out.int64(microsOf(text));
}

/** The offset is told as seconds west of UTC. */
export function writeTimeTz(out: RowBytes, text: string): void {
  const [, time = '', sign, hours = '0', minutes = '0', seconds = '0'] =
    /^([\d:.]+)([+-])(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text) ?? [];
  const offset = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  out.int64(microsOf(time));
  out.int32(sign === '-' ? offset : -offset);
}

/** What has a zone is written in UTC. */
export function writeTimestamp(out: RowBytes, text: string): void {
  if (text === 'infinity') out.int64(LAST_MICROS);
  else if (text === '-infinity') out.int64(-LAST_MICROS - 1n);
  else {
    const [date = '', time = ''] = text.split(' ');
    const days = daysOf(text.endsWith(' BC') ? `${date} BC` : date);
    out.int64(BigInt(days) * DAY_US + microsOf(time.replace(/\+00$/, '')));
  }
}

const MONTHS_OF: Readonly<Record<string, number>> = { year: 12, mon: 1 };

/** `-1 years -2 mons +3 days -04:05:06.789`; from PostgreSQL 17 on it may be infinite. */
export function writeInterval(out: RowBytes, text: string): void {
  if (text.endsWith('infinity')) {
    const isLeast = text.startsWith('-');
    out.int64(isLeast ? -LAST_MICROS - 1n : LAST_MICROS);
    for (let field = 0; field < 2; field += 1) out.int32(isLeast ? -LAST_DAY - 1 : LAST_DAY);
    return;
  }
  let months = 0;
  let days = 0;
  let micros = 0n;
  for (const [, count = '', unit, time] of text.matchAll(
    /([-+]?\d+) (year|mon|day)s?|([-+]?\d+:[\d:.]+)/g,
  )) {
    if (time !== undefined)
      micros = time.startsWith('-') ? -microsOf(time.slice(1)) : microsOf(time.replace('+', ''));
    else if (unit === 'day') days = Number(count);
    else months += Number(count) * (MONTHS_OF[unit ?? ''] ?? 0);
  }
  out.int64(micros);
  out.int32(days);
  out.int32(months);
}

function microsOf(time: string): bigint {
  const [, hours = '0', minutes = '0', seconds = '0', fraction = ''] =
    /^(\d+):(\d+):(\d+)(?:\.(\d+))?$/.exec(time) ?? [];
  const all = BigInt(hours) * 3_600n + BigInt(minutes) * 60n + BigInt(seconds);
  return all * SECOND_US + BigInt(fraction.padEnd(6, '0'));
}

/** Days since the first of 2000, by the calendar of today. */
function daysOf(text: string): number {
  const [, year = '0', month = '1', day = '1', isBefore] =
    /^(\d+)-(\d+)-(\d+)( BC)?$/.exec(text) ?? [];
  const counted = isBefore === undefined ? Number(year) : 1 - Number(year);
  // Years that begin in March end with the day that some of them lack.
  const march = Number(month) <= 2 ? counted - 1 : counted;
  const era = Math.floor(march / 400);
  const inEra = march - era * 400;
  const ofYear = Math.floor((153 * ((Number(month) + 9) % 12) + 2) / 5) + Number(day) - 1;
  const ofEra = inEra * 365 + Math.floor(inEra / 4) - Math.floor(inEra / 100) + ofYear;
  // The first of March of the year 0 is day 60.
  return era * 146_097 + ofEra + 60 - DAYS_FROM_0_TO_2000;
}
