/** Times as text, to the exact microsecond and back: no floating point on the way. */
import type { ReasonCode } from './reason.ts';
import type { ValueType } from './source.ts';

export type TimeType = Extract<ValueType, `time_${string}`>;

/** Microseconds since 1970 as a safe integer, which reaches from 1684 to 2255. */
export type EpochUs = number;

/** How many decimals a unit's numbers may have for a microsecond; -3 for nanoseconds. */
const DECIMALS = { time_s: 6, time_ms: 3, time_us: 0, time_ns: -3 } as const;

/** The time, or why it is none. Nanoseconds are cut to the microsecond below, as asked for. */
export function parseTime(text: string, type: TimeType): EpochUs | ReasonCode {
  return type === 'time_iso' ? parseIso(text) : parseCount(text, DECIMALS[type]);
}

/** By decimals; a number of nanoseconds has to be cut. */
const FACTORS: readonly number[] = Array.from({ length: 7 }, (_, n) => 10 ** n);
/** Without sign, point and exponent, and safe in any unit. */
const PLAIN = /^\d{1,18}$/;
const COUNT = /^([+-]?)(\d{1,40})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,3}))?$/;

function parseCount(text: string, decimals: number): EpochUs | ReasonCode {
  // As nearly all are written: a tenth of the work.
  const factor = FACTORS[decimals];
  if (factor !== undefined && PLAIN.test(text)) return inRange(Number(text) * factor);
  const [, sign, whole = '', fraction = '', exponent = '0'] = COUNT.exec(text) ?? [];
  if (sign === undefined) return 'not_a_time';
  // The number is `digits` with `point` of them before the decimal point.
  const digits = whole + fraction;
  const point = whole.length + Number(exponent) + decimals;
  const kept = point <= 0 ? '0' : digits.slice(0, point).padEnd(point, '0');
  const cut = point <= 0 ? digits : digits.slice(point);
  const isFiner = /[1-9]/.test(cut);
  if (isFiner && decimals >= 0) return 'time_too_fine';
  const us = Number(kept);
  // Below, not towards zero: -1 ns lies in the microsecond before 1970.
  return inRange(sign === '-' ? -us - (isFiner ? 1 : 0) : us);
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?$/i;

function parseIso(text: string): EpochUs | ReasonCode {
  const match = ISO.exec(text);
  if (match === null) return 'not_a_time';
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match;
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // Date.UTC takes February 30th for March 1st, and the year 99 for 1999.
  if (new Date(date).toISOString().slice(0, 10) !== text.slice(0, 10)) return 'not_a_time';
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (h > 23 || m > 59 || s > 59) return 'not_a_time';
  const offset = offsetMinutes(zone);
  if (offset === null) return 'not_a_time';
  if (/[1-9]/.test(fraction.slice(6))) return 'time_too_fine';
  const seconds = date / 1000 + h * 3600 + (m - offset) * 60 + s;
  return inRange(seconds * 1_000_000 + Number(fraction.slice(0, 6).padEnd(6, '0')));
}

/** 0 without a zone: such times are UTC. */
function offsetMinutes(zone: string | undefined): number | null {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(':', '') || '0');
  if (minutes > 18 * 60) return null;
  return zone.startsWith('-') ? -minutes : minutes;
}

function inRange(us: number): EpochUs | ReasonCode {
  // Also turns -0 into 0.
  return Number.isSafeInteger(us) ? us + 0 : 'time_out_of_range';
}

const DAY_US = 86_400_000_000;
let cachedDay = Number.NaN;
let cachedDate = '';

/** As PostgreSQL reads it into any type that tells time: `2024-01-15 12:34:56.789012+00`. */
export function formatTime(us: EpochUs): string {
  const day = Math.floor(us / DAY_US);
  if (day !== cachedDay) {
    cachedDay = day;
    cachedDate = new Date(day * 86_400_000).toISOString().slice(0, 10);
  }
  const rest = us - day * DAY_US;
  const seconds = Math.floor(rest / 1_000_000);
  const micros = rest - seconds * 1_000_000;
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  return `${cachedDate} ${clock}${fraction}+00`;
}

function two(value: number): string {
  return value < 10 ? `0${String(value)}` : String(value);
}

const PER_UNIT = { s: 1_000_000, ms: 1_000, us: 1 } as const;

/** As the whole number that an integer time column counts in; null when it is finer. */
export function countTime(us: EpochUs, unit: 's' | 'ms' | 'us' | 'ns'): string | null {
  if (unit === 'ns') return us === 0 ? '0' : `${String(us)}000`;
  const count = us / PER_UNIT[unit];
  return Number.isInteger(count) ? String(count) : null;
}
