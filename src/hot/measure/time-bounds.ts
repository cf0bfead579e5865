/** UTC milliseconds to what the configured time column holds, and back. */
import { TierdError } from '../../domain/errors.ts';
import type { IntegerTimeUnit, TimeColumn } from '../../domain/table.ts';
import { DAY_MS, type EpochMs, formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import { join, name, raw, type Sql, sql } from '../sql.ts';

/** The years 1 to 9999: what a day of the lake can name, and every reader of Parquet can hold. */
export const SLICEABLE: TimeRange = {
  fromInclusive: -62_135_596_800_000,
  toExclusive: 253_402_300_800_000,
};

const NS_PER_MS = 1_000_000n;
const NS_PER_UNIT: Readonly<Record<IntegerTimeUnit, bigint>> = {
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1_000n,
  ns: 1n,
};
const INT8_MIN = -(2n ** 63n);
const INT8_MAX = 2n ** 63n - 1n;

/**
 * `time >= from and time < to`, in the column's own type so that indexes and chunk exclusion apply.
 * `alias` qualifies the column. A date column takes whole UTC days only: throws SLICE_TOO_FINE.
 * Integer columns are compared as bigint (which indexes on smaller integers serve as well); a bound
 * that no bigint reaches is left out.
 */
export function timeBounds(time: TimeColumn, range: TimeRange, alias?: string): Sql {
  const column = timeExpression(time, alias);
  if (time.kind !== 'integer') {
    const from = timeLiteral(time, range.fromInclusive, range);
    const to = timeLiteral(time, range.toExclusive, range);
    return sql`(${column} >= ${from} and ${column} < ${to})`;
  }
  // Integers hold whole units: x >= 1.5 and x < 2.5 is x >= 2 and x < 3.
  const from = ceilToUnit(range.fromInclusive, unitOf(time));
  const to = ceilToUnit(range.toExclusive, unitOf(time));
  if (from > INT8_MAX || to <= INT8_MIN) return raw('false');
  const bounds: Sql[] = [];
  if (from > INT8_MIN) bounds.push(sql`${column} >= ${from.toString()}::bigint`);
  if (to <= INT8_MAX) bounds.push(sql`${column} < ${to.toString()}::bigint`);
  return bounds.length === 0 ? sql`(${column} is not null)` : sql`(${join(bounds, ' and ')})`;
}

/** `time >= at`, true for whatever lies beyond too: infinity included. */
export function atOrAfter(time: TimeColumn, at: EpochMs): Sql {
  const column = timeExpression(time);
  if (time.kind === 'integer') {
    const from = ceilToUnit(at, unitOf(time));
    if (from > INT8_MAX) return raw('false');
    return sql`(${column} >= ${(from < INT8_MIN ? INT8_MIN : from).toString()}::bigint)`;
  }
  if (time.kind === 'date') return sql`(${column} >= ${isoDate(ceilToDay(at))}::date)`;
  return sql`(${column} >= ${timeLiteral(time, at, null)})`;
}

/** Rows that no slice holds: time is null, infinite, or outside the years 1 to 9999. */
export function unsliceable(time: TimeColumn): Sql {
  const column = timeExpression(time);
  return sql`(${column} is null or ${before(time, SLICEABLE.fromInclusive)} or ${atOrAfter(time, SLICEABLE.toExclusive)})`;
}

export function timeExpression(time: TimeColumn, alias?: string): Sql {
  return alias === undefined ? name(time.name) : sql`${name(alias)}.${name(time.name)}`;
}

/** A part's bound in the column's own type, for drop_chunks, which insists on it. */
export function timeLiteral(time: TimeColumn, at: EpochMs, range: TimeRange | null): Sql {
  switch (time.kind) {
    case 'timestamptz':
      return sql`${isoInstant(at)}::timestamptz`;
    case 'timestamp':
      return sql`${isoInstant(at).replace('Z', '')}::timestamp`;
    case 'date':
      if (at % DAY_MS !== 0)
        throw sliceTooFine(time, range ?? { fromInclusive: at, toExclusive: at });
      return sql`${isoDate(at)}::date`;
    case 'integer':
      return sql`${ceilToUnit(at, unitOf(time)).toString()}::bigint`;
  }
}

/** Milliseconds of an integer time, null when they are not whole. */
export function integerToMs(value: bigint, unit: IntegerTimeUnit): EpochMs | null {
  const ns = value * NS_PER_UNIT[unit];
  return ns % NS_PER_MS === 0n ? Number(ns / NS_PER_MS) : null;
}

/** The last whole millisecond at or before an integer time. */
export function integerToMsFloor(value: bigint, unit: IntegerTimeUnit): EpochMs {
  return Number(floorDiv(value * NS_PER_UNIT[unit], NS_PER_MS));
}

/** How many of the unit make `ms` milliseconds. */
export function unitsIn(ms: number, unit: IntegerTimeUnit): bigint {
  return (BigInt(ms) * NS_PER_MS) / NS_PER_UNIT[unit];
}

export function unitOf(time: TimeColumn): IntegerTimeUnit {
  if (time.unit === undefined)
    throw new RangeError(`integer time column ${time.name} without a unit`);
  return time.unit;
}

function before(time: TimeColumn, at: EpochMs): Sql {
  const column = timeExpression(time);
  if (time.kind !== 'integer') return sql`${column} < ${timeLiteral(time, at, null)}`;
  const to = ceilToUnit(at, unitOf(time));
  return to <= INT8_MIN ? raw('false') : sql`${column} < ${to.toString()}::bigint`;
}

function ceilToUnit(at: EpochMs, unit: IntegerTimeUnit): bigint {
  return -floorDiv(-BigInt(at) * NS_PER_MS, NS_PER_UNIT[unit]);
}

/** The unit's value at `at`, or the last one before it. */
export function unitsAt(at: EpochMs, unit: IntegerTimeUnit): bigint {
  return -ceilToUnit(-at, unit);
}

function floorDiv(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}

function ceilToDay(at: EpochMs): EpochMs {
  return Math.ceil(at / DAY_MS) * DAY_MS;
}

/** Years 1 to 9999 are four digits in both; the first instant of the year 10000 is five in SQL. */
function isoInstant(at: EpochMs): string {
  return new Date(at).toISOString().replace(/^\+0*(\d{5})/, '$1');
}

function isoDate(at: EpochMs): string {
  return isoInstant(at).replace(/T.*$/, '');
}

function sliceTooFine(time: TimeColumn, range: TimeRange): TierdError {
  return new TierdError({
    code: 'SLICE_TOO_FINE',
    message: `column ${time.name} is a date and can't tell the hours of ${formatRange(range)} apart; nothing was changed`,
    hint: 'use `slice: day` or `slice: month` for this dataset',
    context: { column: time.name },
  });
}
