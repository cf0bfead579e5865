/** Days and instants as literals: the forms of ISO 8601, and PostgreSQL's words for some. */
import { clockText, microsOfDay, WHOLE_DAY } from './clock-literal.ts';
import { quoteLiteral } from './expression.ts';

export type TimeType = 'date' | 'timestamp' | 'timestamptz';

const FORM =
  /^(\d{4,6})-(\d{1,2})-(\d{1,2})(?:(?:T|\s+)(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d+))?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** A day with the offset of its midnight, as drivers of Java write one. */
const DAY_AND_OFFSET = /^(\d{4,6}-\d{1,2}-\d{1,2})\s+(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)$/i;

const DUCKDB = {
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
} as const;

const WORDS: Readonly<Record<string, string>> = {
  now: 'now()',
  today: 'CAST(current_date AS TIMESTAMP)',
  yesterday: 'CAST(current_date - 1 AS TIMESTAMP)',
  tomorrow: 'CAST(current_date + 1 AS TIMESTAMP)',
};

/** Null for a form that isn't read here. */
export function timeSql(text: string, type: TimeType): string | null {
  const given = text.trim();
  const word = WORDS[given.toLowerCase()];
  if (word !== undefined) return `CAST(${word} AS ${DUCKDB[type]})`;
  if (/^[+-]?infinity$/i.test(given)) {
    return `CAST('${given.startsWith('-') ? '-' : ''}infinity' AS ${DUCKDB[type]})`;
  }
  if (given.toLowerCase() === 'epoch') return literal('1970-01-01 00:00:00', type, '+00');
  return readIso(given.replace(DAY_AND_OFFSET, '$1 00:00$2'), type);
}

function readIso(given: string, type: TimeType): string | null {
  const found = FORM.exec(given);
  if (found === null) return null;
  const [, year = '', month = '', day = '', hour, minute = '00', second = '00', fraction, zone] =
    found;
  if (!isDay(Number(year), Number(month), Number(day))) return null;
  if (Number(hour ?? 0) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  if (type === 'date') return literal(date, type, '');
  const micros = microsOfDay(hour ?? '0', minute, second, fraction);
  if (micros < WHOLE_DAY) return literal(`${date} ${clockText(micros)}`, type, offsetOf(zone));
  const next = dayAfter(Number(year), Number(month), Number(day));
  return next === null ? null : literal(`${next} 00:00:00`, type, offsetOf(zone));
}

/** Null for one that no clock of this program has. */
function dayAfter(year: number, month: number, day: number): string | null {
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day + 1);
  return Number.isNaN(time.getTime()) ? null : time.toISOString().replace(/T.*|^[+]0?/g, '');
}

/** None stays none: the session's zone is then the one. */
function offsetOf(zone: string | undefined): string {
  if (zone === undefined) return '';
  if (/^[a-z]/i.test(zone)) return '+00';
  const minutes = zone.length > 3 ? zone.slice(-2) : '00';
  return `${zone.slice(0, 3)}${minutes === '00' ? '' : `:${minutes}`}`;
}

function literal(text: string, type: TimeType, offset: string): string {
  const zoned = type === 'timestamptz' ? offset : '';
  return `CAST(${quoteLiteral(text + zoned)} AS ${DUCKDB[type]})`;
}

function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= (days[month - 1] ?? 0);
}
