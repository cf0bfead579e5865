/** Reading what `pg_get_expr(relpartbound)` prints, and turning its time literals into milliseconds. */
import type { TimeColumn } from '../../domain/table.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { integerToMs, unitOf } from '../measure/time-bounds.ts';

/** A bound's values, one per key column; null stands for MINVALUE or MAXVALUE. */
export interface RangeBound {
  readonly from: readonly (string | null)[];
  readonly to: readonly (string | null)[];
}

/** `FOR VALUES FROM ('2024-01-01 00:00:00+00', 'x') TO (5, MAXVALUE)`; null for any other kind. */
export function parseRangeBound(text: string): RangeBound | null {
  const match = /^FOR VALUES FROM \((.*)\) TO \((.*)\)$/s.exec(text);
  const [, from, to] = match ?? [];
  if (from === undefined || to === undefined) return null;
  return { from: parseValues(from), to: parseValues(to) };
}

function parseValues(list: string): (string | null)[] {
  const values: (string | null)[] = [];
  for (const [, quoted, bare] of list.matchAll(/'((?:[^']|'')*)'|([^\s,]+)/g)) {
    if (quoted !== undefined) values.push(quoted.replaceAll("''", "'"));
    else values.push(bare === 'MINVALUE' || bare === 'MAXVALUE' ? null : (bare ?? null));
  }
  return values;
}

/**
 * A literal of the time column's type, as printed under TimeZone UTC and DateStyle ISO, in
 * milliseconds; null when it is infinite, outside the years 1 to 9999 or not a whole millisecond.
 */
export function boundToMs(time: TimeColumn, literal: string): EpochMs | null {
  if (time.kind === 'integer') {
    return /^-?\d+$/.test(literal) ? integerToMs(BigInt(literal), unitOf(time)) : null;
  }
  const match = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,3})0*)?(\+00)?)?$/.exec(
    literal,
  );
  if (match === null) return null;
  const [, year, month, day, hours, minutes, seconds, fraction = '', zone] = match;
  // A zone other than UTC would have matched nothing; a missing one means another type.
  if ((zone === '+00') !== (time.kind === 'timestamptz')) return null;
  const clock = `${hours ?? '00'}:${minutes ?? '00'}:${seconds ?? '00'}.${fraction.padEnd(3, '0')}`;
  const ms = Date.parse(`${String(year)}-${String(month)}-${String(day)}T${clock}Z`);
  return Number.isNaN(ms) ? null : ms;
}
