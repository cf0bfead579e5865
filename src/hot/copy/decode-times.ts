/**
 * Dates and timestamps: PostgreSQL counts from 2000-01-01, DuckDB and Parquet from 1970-01-01.
 * Infinities have a number of their own on both sides; ±infinity in the lake is what DuckDB reads
 * as ±infinity (other readers see the years 294247 and 5881580 and their mirrors).
 */
import type { ColumnBytes } from '../../domain/fingerprint.ts';
import type { ColumnTarget } from './column-target.ts';

const EPOCH_DAYS = 10_957;
/** 946,684,800,000,000 µs as two words. */
const EPOCH_MICROS_HIGH = 220_417;
const EPOCH_MICROS_LOW = 993_517_568;
const MAX_INT32 = 0x7fffffff;
const MIN_INT32 = -0x80000000;

export function decodeDate(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  const { view, offsets, lengths } = source;
  const { words } = target;
  for (let row = 0; row < rows; row += 1) {
    if (lengths[row] !== 4) {
      target.checkLength(lengths[row] as number, 4);
      continue;
    }
    const days = view.getInt32(offsets[row] as number);
    if (days === MAX_INT32) words[row] = MAX_INT32;
    else if (days === MIN_INT32) words[row] = -MAX_INT32;
    else {
      const unixDays = days + EPOCH_DAYS;
      // PostgreSQL's last date, 5874897-12-31, is well below.
      if (unixDays >= MAX_INT32) throw target.malformed(`the day ${String(days)} is no date`);
      words[row] = unixDays;
    }
  }
}

export function decodeTimestamp(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  const { view, offsets, lengths } = source;
  const { words } = target;
  for (let row = 0; row < rows; row += 1) {
    if (lengths[row] !== 8) {
      target.checkLength(lengths[row] as number, 8);
      continue;
    }
    const offset = offsets[row] as number;
    const high = view.getInt32(offset);
    const low = view.getUint32(offset + 4);
    let unixLow = low + EPOCH_MICROS_LOW;
    let unixHigh = high + EPOCH_MICROS_HIGH;
    if (unixLow > 0xffffffff) unixHigh += 1;
    unixLow |= 0;
    if (unixHigh >= MAX_INT32) {
      // The largest int64 is taken: it means infinity.
      if (high === MAX_INT32 && low === 0xffffffff) {
        unixHigh = MAX_INT32;
        unixLow = -1;
      } else if (unixHigh > MAX_INT32 || unixLow === -1) {
        throw target.notHeld(
          formatMicros(high, low),
          'the latest timestamp that 64 bits of microseconds since 1970 hold is 294247-01-10 04:00:54.775806',
        );
      }
    } else if (high === MIN_INT32 && low === 0) {
      unixHigh = MIN_INT32;
      unixLow = 1;
    }
    words[row * 2] = unixLow;
    words[row * 2 + 1] = unixHigh;
  }
}

const MICROS_PER_DAY = 86_400_000_000n;
/** After 400 years the Gregorian calendar begins anew. */
const DAYS_PER_ERA = 146_097;

/** A timestamp too late for JavaScript's Date, as PostgreSQL writes it. */
function formatMicros(high: number, low: number): string {
  const micros = (BigInt(high) << 32n) | BigInt(low);
  const days = Number(micros / MICROS_PER_DAY);
  const eras = Math.floor(days / DAYS_PER_ERA);
  const inFirstEra = new Date(Date.UTC(2000, 0, 1 + (days % DAYS_PER_ERA)));
  const year = inFirstEra.getUTCFullYear() + eras * 400;
  const monthAndDay = inFirstEra.toISOString().slice(4, 10);
  const rest = micros % MICROS_PER_DAY;
  const time = new Date(Number(rest / 1000n)).toISOString().slice(11, 23);
  return `${year}${monthAndDay} ${time}${String(rest % 1000n).padStart(3, '0')}`;
}
