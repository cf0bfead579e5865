/**
 * From values as DuckDB reads them out of a segment back to the bytes that PostgreSQL would send
 * for them. It shares nothing with the decoder that made the segment, so that a mistake in one of
 * the two shows as a difference of fingerprints instead of cancelling itself out (I1).
 */

import { MAX_BATCH_ROWS } from '../../domain/columns/column-batch.ts';
import type { ColumnPlan, Held } from '../../domain/columns/column-plan.ts';
import type { ColumnBytes } from '../../domain/fingerprint.ts';
import { duckdb, type Vector } from './bindings.ts';
import { NUMERIC_MAX_BYTES, writeNumeric } from './numeric-bytes.ts';
import { prefixStrings } from './prefix-strings.ts';
import { type BytesWindow, StringReader } from './string-reader.ts';

/** All rows of a vector as PostgreSQL's bytes, in order; each window is valid until the next. */
export type ReencodeColumn = (vector: Vector, rows: number) => Iterable<BytesWindow>;

const UNIX_TO_POSTGRES_DAYS = -10_957;
const UNIX_TO_POSTGRES_MICROS = -946_684_800_000_000n;
const JSONB_VERSION = 1;

export function reencoderFor({ held }: ColumnPlan): ReencodeColumn {
  switch (held.kind) {
    case 'bool':
      return fixedWidth(1, () => undefined);
    case 'int2':
      return fixedWidth(2, (bytes) => bytes.swap16());
    case 'int4':
    case 'uint4':
    case 'float4':
      return fixedWidth(4, (bytes) => bytes.swap32());
    case 'int8':
    case 'float8':
    case 'time':
      return fixedWidth(8, (bytes) => bytes.swap64());
    case 'date':
      return fixedWidth(4, reencodeDates);
    case 'timestamp':
    case 'timestamptz':
      return fixedWidth(8, reencodeTimestamps);
    case 'uuid':
      return fixedWidth(16, reencodeUuids);
    case 'decimal':
      return decimals(held);
    case 'bytea':
    case 'json':
    case 'varchar':
    case 'text': {
      const reader = new StringReader();
      return (vector, rows) => reader.read(vector, rows);
    }
    case 'jsonb': {
      const reader = new StringReader();
      return (vector, rows) => prefixStrings(reader.read(vector, rows), JSONB_VERSION);
    }
  }
}

/** Types of one length on both sides: `turn` changes the bytes of all rows where they are. */
function fixedWidth(width: number, turn: (bytes: Buffer) => unknown): ReencodeColumn {
  const bytes = Buffer.from(new ArrayBuffer(MAX_BATCH_ROWS * width));
  const view = new DataView(bytes.buffer);
  const offsets = Int32Array.from({ length: MAX_BATCH_ROWS }, (_, row) => row * width);
  const lengths = new Int32Array(MAX_BATCH_ROWS);
  return (vector, rows) => {
    bytes.set(duckdb.vector_get_data(vector, rows * width));
    turn(bytes.subarray(0, rows * width));
    lengths.fill(width, 0, rows);
    markNulls(vector, rows, lengths);
    return [{ bytes: { view, offsets, lengths }, fromRow: 0, toRow: rows }];
  };
}

function decimals({ width, scale }: Extract<Held, { kind: 'decimal' }>): ReencodeColumn {
  const integerBytes = width <= 4 ? 2 : width <= 9 ? 4 : width <= 18 ? 8 : 16;
  const view = new DataView(new ArrayBuffer(MAX_BATCH_ROWS * NUMERIC_MAX_BYTES));
  const offsets = Int32Array.from({ length: MAX_BATCH_ROWS }, (_, row) => row * NUMERIC_MAX_BYTES);
  const lengths = new Int32Array(MAX_BATCH_ROWS);
  return (vector, rows) => {
    const data = duckdb.vector_get_data(vector, rows * integerBytes);
    const integers = new DataView(data.buffer, data.byteOffset, data.byteLength);
    lengths.fill(0, 0, rows);
    markNulls(vector, rows, lengths);
    for (let row = 0; row < rows; row += 1) {
      if (lengths[row] === -1) continue;
      const unscaled = readInteger(integers, row * integerBytes, integerBytes);
      lengths[row] = writeNumeric(view, offsets[row] as number, unscaled, scale);
    }
    return [{ bytes: { view, offsets, lengths } satisfies ColumnBytes, fromRow: 0, toRow: rows }];
  };
}

/** A number where it is exact as one, which is nearly always. */
function readInteger(view: DataView, at: number, bytes: number): number | bigint {
  if (bytes === 2) return view.getInt16(at, true);
  if (bytes === 4) return view.getInt32(at, true);
  const low = view.getUint32(at, true);
  const high = view.getInt32(at + 4, true);
  const fits = bytes === 8 || view.getBigInt64(at + 8, true) === (high < 0 ? -1n : 0n);
  // 2^21 × 2^32: the integers that are exact as doubles.
  if (fits && high >= -0x200000 && high < 0x200000) return high * 2 ** 32 + low;
  const lower = view.getBigUint64(at, true);
  if (bytes === 8) return BigInt.asIntN(64, lower);
  return (view.getBigInt64(at + 8, true) << 64n) | lower;
}

function reencodeDates(bytes: Buffer): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += 4) {
    const days = view.getInt32(at, true);
    if (days === 0x7fffffff) view.setInt32(at, 0x7fffffff);
    else if (days === -0x7fffffff) view.setInt32(at, -0x80000000);
    else view.setInt32(at, days + UNIX_TO_POSTGRES_DAYS);
  }
}

const SHIFT_HIGH = Number(UNIX_TO_POSTGRES_MICROS >> 32n);
const SHIFT_LOW = Number(UNIX_TO_POSTGRES_MICROS & 0xffffffffn);

function reencodeTimestamps(bytes: Buffer): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += 8) {
    const low = view.getUint32(at, true);
    const high = view.getInt32(at + 4, true);
    if (high === 0x7fffffff && low === 0xffffffff) {
      view.setInt32(at, high);
      view.setUint32(at + 4, low);
    } else if (high === -0x80000000 && low === 1) {
      view.setInt32(at, high);
      view.setUint32(at + 4, 0);
    } else {
      const sum = low + SHIFT_LOW;
      view.setInt32(at, high + SHIFT_HIGH + (sum > 0xffffffff ? 1 : 0));
      view.setUint32(at + 4, sum);
    }
  }
}

/** DuckDB's 128-bit integer, lowest word first and the top bit flipped, to 16 bytes in order. */
function reencodeUuids(bytes: Buffer): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += 16) {
    const [lowest, low] = [view.getInt32(at, true), view.getInt32(at + 4, true)];
    const [high, highest] = [view.getInt32(at + 8, true), view.getInt32(at + 12, true)];
    view.setInt32(at, highest ^ 0x80000000);
    view.setInt32(at + 4, high);
    view.setInt32(at + 8, low);
    view.setInt32(at + 12, lowest);
  }
}

function markNulls(vector: Vector, rows: number, lengths: Int32Array): void {
  const validity = duckdb.vector_get_validity(
    vector,
    Math.ceil(rows / 64) * 8,
  ) as Uint8Array | null;
  if (validity === null) return;
  for (let row = 0; row < rows; row += 1) {
    if ((((validity[row >> 3] as number) >> (row & 7)) & 1) === 0) lengths[row] = -1;
  }
}
