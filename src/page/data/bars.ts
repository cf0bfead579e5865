/** An answer's bars as columns of numbers, for drawing. Pure. */
import type { Row } from '../ask/read-answer.ts';

export interface Bars {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly open: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly low: readonly (number | null)[];
  readonly close: readonly (number | null)[];
}

export function barsOf(rows: readonly Row[]): Bars {
  const column = (name: string): (number | null)[] => rows.map((row) => numberOf(row[name]));
  return {
    times: rows.map((row) => secondsOf(String(row['time']))),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
  };
}

/** A time without a zone is drawn as if it were UTC. */
export function secondsOf(time: string): number {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(time);
  const hasZone = /(Z|[+-]\d\d(:?\d\d)?)$/.test(time);
  return Date.parse(isDay || hasZone ? time : `${time}Z`) / 1000;
}

/** A long decimal comes as text: a pixel needs no more than a double. */
function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}
