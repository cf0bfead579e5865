/** From the values that Parquet stores to the bytes that PostgreSQL would send for them. */
import { MAX_BATCH_ROWS } from '../../domain/columns/column-batch.ts';
import type { ColumnPlan, HeldKind } from '../../domain/columns/column-plan.ts';
import type { ColumnBytes } from '../../domain/fingerprint.ts';
import { NUMERIC_MAX_BYTES, writeNumeric } from './numeric-bytes.ts';

const MICROS_1970_TO_2000 = 946_684_800_000_000n;
const DAYS_1970_TO_2000 = 10_957;
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_INT32 = 2 ** 31 - 1;

/** One column of a row group. */
export class PhysicalColumn {
  readonly #plan: ColumnPlan;
  readonly #values: ArrayLike<unknown>;
  readonly #offsets = new Int32Array(MAX_BATCH_ROWS);
  readonly #lengths = new Int32Array(MAX_BATCH_ROWS);

  constructor(plan: ColumnPlan, values: ArrayLike<unknown>) {
    this.#plan = plan;
    this.#values = values;
  }

  /** Rows `[from, from + count)`; valid until the next call. */
  reencode(from: number, count: number): ColumnBytes {
    const { held } = this.#plan;
    const offsets = this.#offsets;
    const lengths = this.#lengths;
    const view = new DataView(new ArrayBuffer(this.#bytesNeeded(from, count)));
    const scale = held.kind === 'decimal' ? held.scale : 0;
    let at = 0;
    for (let row = 0; row < count; row += 1) {
      const value = this.#values[from + row];
      offsets[row] = at;
      const isNull = value === null || value === undefined;
      const length = isNull ? -1 : writeValue(view, at, value, held.kind, scale);
      lengths[row] = length;
      at += Math.max(0, length);
    }
    return { view, offsets, lengths };
  }

  #bytesNeeded(from: number, count: number): number {
    let bytes = 0;
    for (let row = from; row < from + count; row += 1) {
      const value = this.#values[row];
      bytes += value instanceof Uint8Array ? value.length + 1 : 0;
    }
    // Numbers of every kind take less than a numeric may.
    return bytes + count * NUMERIC_MAX_BYTES;
  }
}

/** Returns the length. Throws a TypeError for a value that is none of its kind. */
export function writeValue(
  view: DataView,
  at: number,
  value: unknown,
  kind: HeldKind,
  scale: number,
): number {
  switch (kind) {
    case 'bool':
      view.setUint8(at, value === true ? 1 : 0);
      return 1;
    case 'int2':
      view.setInt16(at, asNumber(value));
      return 2;
    case 'int4':
    case 'uint4':
    case 'float4':
      view.setInt32(at, asNumber(value));
      return 4;
    case 'int8':
    case 'float8':
    case 'time':
      view.setBigInt64(at, asBigint(value));
      return 8;
    case 'date':
      view.setInt32(at, postgresDays(asNumber(value)));
      return 4;
    case 'timestamp':
    case 'timestamptz':
      view.setBigInt64(at, postgresMicros(asBigint(value)));
      return 8;
    case 'decimal':
      return writeNumeric(view, at, asInteger(value), scale);
    case 'jsonb':
      view.setUint8(at, 1);
      return 1 + writeBytes(view, at + 1, value);
    case 'uuid':
    case 'bytea':
    case 'json':
    case 'varchar':
    case 'text':
      return writeBytes(view, at, value);
  }
}

function writeBytes(view: DataView, at: number, value: unknown): number {
  if (!(value instanceof Uint8Array)) throw unexpected(value, 'bytes');
  new Uint8Array(view.buffer, at, value.length).set(value);
  return value.length;
}

function postgresDays(days: number): number {
  if (days === MAX_INT32) return MAX_INT32;
  return days === -MAX_INT32 ? -MAX_INT32 - 1 : days - DAYS_1970_TO_2000;
}

function postgresMicros(micros: bigint): bigint {
  if (micros === MAX_INT64) return MAX_INT64;
  return micros === -MAX_INT64 ? -MAX_INT64 - 1n : micros - MICROS_1970_TO_2000;
}

/** A decimal is stored as an integer, or as big-endian bytes of one. */
function asInteger(value: unknown): number | bigint {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return value;
  if (!(value instanceof Uint8Array)) throw unexpected(value, 'an integer');
  const hex = Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex');
  return BigInt.asIntN(value.length * 8, BigInt(`0x${hex}`));
}

function asNumber(value: unknown): number {
  if (typeof value !== 'number') throw unexpected(value, 'a number');
  return value;
}

function asBigint(value: unknown): bigint {
  if (typeof value !== 'bigint') throw unexpected(value, 'a 64-bit integer');
  return value;
}

function unexpected(value: unknown, wanted: string): TypeError {
  return new TypeError(`the reader gave a ${typeof value} instead of ${wanted}`);
}
