/** Dates and times as PostgreSQL writes them with `DateStyle ISO`. */
import { civilFrom } from '../../iso-time.ts';

const DAY_US = 86_400_000_000n;
const SECOND_US = 1_000_000n;

/** Days since 1970. */
export function dateText(days: number): string {
  const { text, isBefore } = yearText(days);
  return isBefore ? `${text} BC` : text;
}

/** Microseconds since 1970, as a clock shows them that goes so many seconds before UTC. */
export function timestampText(micros: bigint, zone = ''): string {
  const time = ((micros % DAY_US) + DAY_US) % DAY_US;
  const days = Number((micros - time) / DAY_US);
  const { text, isBefore } = yearText(days);
  const shown = `${text} ${timeText(time)}${zone}`;
  return isBefore ? `${shown} BC` : shown;
}

/** Microseconds since midnight; the end of a day is 24:00:00. */
export function timeText(micros: bigint): string {
  const all = Number(micros / SECOND_US);
  const minutes = Math.floor(all / 60);
  const text = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(all % 60)}`;
  return text + fractionText(Number(micros % SECOND_US));
}

/** Seconds east of UTC: `+02`, `-03:30`, `+00:53:28`. */
export function offsetText(seconds: number): string {
  const all = Math.abs(seconds);
  const minutes = Math.floor(all / 60);
  const parts = [Math.floor(minutes / 60), minutes % 60, all % 60];
  while (parts.length > 1 && parts.at(-1) === 0) parts.pop();
  return (seconds < 0 ? '-' : '+') + parts.map(two).join(':');
}

/** With `IntervalStyle postgres`. */
export function intervalText(months: number, days: number, micros: bigint): string {
  const years = Math.trunc(months / 12);
  const parts: string[] = [];
  const last = { isNegative: false };
  const add = (count: number, unit: string): void => {
    if (count === 0) return;
    const sign = last.isNegative && count > 0 ? '+' : '';
    parts.push(`${sign}${String(count)} ${unit}${count === 1 ? '' : 's'}`);
    last.isNegative = count < 0;
  };
  add(years, 'year');
  add(months % 12, 'mon');
  add(days, 'day');
  if (micros !== 0n || parts.length === 0) {
    const sign = micros < 0n ? '-' : last.isNegative ? '+' : '';
    parts.push(sign + timeText(micros < 0n ? -micros : micros));
  }
  return parts.join(' ');
}

function fractionText(micros: number): string {
  if (micros === 0) return '';
  return `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
}

function yearText(days: number): { readonly text: string; readonly isBefore: boolean } {
  const { year, month, day } = civilFrom(days);
  // There is no year 0: before the year 1 comes 1 BC.
  const isBefore = year <= 0;
  const shown = String(isBefore ? 1 - year : year).padStart(4, '0');
  return { text: `${shown}-${two(month)}-${two(day)}`, isBefore };
}

function two(value: number): string {
  return value < 10 ? `0${String(value)}` : String(value);
}
