/**
 * Parsers for the values of options and arguments. Each throws InvalidArgumentError with what it
 * expects: TierdCommand turns that into "found …, expected …", together with all other mistakes.
 */
import { InvalidArgumentError } from 'commander';
import type { EpochMs } from '../domain/time/time-range.ts';

/** `--hot-days 60`. */
export function wholeNumber(limits: {
  readonly min: number;
  readonly max: number;
}): (text: string) => number {
  const { min, max } = limits;
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      `a whole number from ${min.toLocaleString('en-US')} to ${max.toLocaleString('en-US')}`,
    );
  };
}

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** `--from 2024-01-15`, `2024-01-15T06:00`, with `Z` or an offset; UTC when neither is given. */
export function instant(text: string): EpochMs {
  const match = INSTANT.exec(text);
  const [date = '', time = '00:00'] = text.split(/[T ]/);
  const zoned = match?.[7] === undefined ? `${time}Z` : time;
  const at = match === null ? Number.NaN : Date.parse(`${date}T${zoned}`);
  // Date.parse takes February 30th for March 1st.
  if (Number.isNaN(at) || new Date(`${date}T00:00Z`).toISOString().slice(0, 10) !== date) {
    throw new InvalidArgumentError('a UTC date or time, such as 2024-01-15 or 2024-01-15T06:00');
  }
  return at;
}

/** A time that rows of a dataset have: `--from` and `--to`. `timeOf` knows what it means for which dataset. */
export interface TableTime {
  readonly text: string;
  readonly at: EpochMs;
}

export function tableTime(text: string): TableTime {
  return { text, at: instant(text) };
}
