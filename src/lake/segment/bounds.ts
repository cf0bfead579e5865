/** Finding a value outside of its bounds, one loop per kind: it runs over every value verified. */
import type { HeldKind } from '../../domain/columns/column-plan.ts';
import type { ColumnBytes } from '../../domain/fingerprint.ts';

/** Both inclusive, in PostgreSQL's bytes. */
export interface Bounds {
  readonly min: DataView;
  readonly max: DataView;
}

/** The first of rows `[fromRow, toRow)` whose value is outside, -1 where none is. Nulls are inside. */
export type FindOutside = (
  bytes: ColumnBytes,
  fromRow: number,
  toRow: number,
  bounds: Bounds,
) => number;

/** Null for kinds whose bounds are not to be had. */
export function findOutsideFor(kind: HeldKind): FindOutside | null {
  switch (kind) {
    case 'int2':
      return outsideInt16;
    case 'int4':
    case 'date':
      return outsideInt32;
    case 'int8':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return outsideInt64;
    case 'float4':
      return outsideFloat32;
    case 'float8':
      return outsideFloat64;
    case 'bytea':
    case 'json':
    case 'varchar':
    case 'text':
      return outsideBytes;
    case 'bool':
    case 'uint4':
    case 'decimal':
    case 'uuid':
    case 'jsonb':
      return null;
  }
}

function outsideInt16(bytes: ColumnBytes, from: number, to: number, bounds: Bounds): number {
  const { view, offsets, lengths } = bytes;
  const min = bounds.min.getInt16(0);
  const max = bounds.max.getInt16(0);
  for (let row = from; row < to; row += 1) {
    if (lengths[row] === -1) continue;
    const value = view.getInt16(offsets[row] as number);
    if (value < min || value > max) return row;
  }
  return -1;
}

function outsideInt32(bytes: ColumnBytes, from: number, to: number, bounds: Bounds): number {
  const { view, offsets, lengths } = bytes;
  const min = bounds.min.getInt32(0);
  const max = bounds.max.getInt32(0);
  for (let row = from; row < to; row += 1) {
    if (lengths[row] === -1) continue;
    const value = view.getInt32(offsets[row] as number);
    if (value < min || value > max) return row;
  }
  return -1;
}

function outsideInt64(bytes: ColumnBytes, from: number, to: number, bounds: Bounds): number {
  const { view, offsets, lengths } = bytes;
  const minHigh = bounds.min.getInt32(0);
  const minLow = bounds.min.getUint32(4);
  const maxHigh = bounds.max.getInt32(0);
  const maxLow = bounds.max.getUint32(4);
  for (let row = from; row < to; row += 1) {
    if (lengths[row] === -1) continue;
    const offset = offsets[row] as number;
    const high = view.getInt32(offset);
    if (high > minHigh && high < maxHigh) continue;
    const low = view.getUint32(offset + 4);
    if (high < minHigh || (high === minHigh && low < minLow)) return row;
    if (high > maxHigh || (high === maxHigh && low > maxLow)) return row;
  }
  return -1;
}

// Written so that a NaN, which stands in no order, is outside.

function outsideFloat32(bytes: ColumnBytes, from: number, to: number, bounds: Bounds): number {
  const { view, offsets, lengths } = bytes;
  const min = bounds.min.getFloat32(0);
  const max = bounds.max.getFloat32(0);
  for (let row = from; row < to; row += 1) {
    if (lengths[row] === -1) continue;
    const value = view.getFloat32(offsets[row] as number);
    if (!(value >= min && value <= max)) return row;
  }
  return -1;
}

function outsideFloat64(bytes: ColumnBytes, from: number, to: number, bounds: Bounds): number {
  const { view, offsets, lengths } = bytes;
  const min = bounds.min.getFloat64(0);
  const max = bounds.max.getFloat64(0);
  for (let row = from; row < to; row += 1) {
    if (lengths[row] === -1) continue;
    const value = view.getFloat64(offsets[row] as number);
    if (!(value >= min && value <= max)) return row;
  }
  return -1;
}

/** As Parquet orders text and bytes: unsigned, a prefix before what it is the prefix of. */
function outsideBytes(bytes: ColumnBytes, from: number, to: number, bounds: Bounds): number {
  const { view, offsets, lengths } = bytes;
  const { min, max } = bounds;
  // Asked for once: it is no plain property, and these are compared with every value.
  const minLength = min.byteLength;
  const maxLength = max.byteLength;
  for (let row = from; row < to; row += 1) {
    const length = lengths[row] as number;
    if (length === -1) continue;
    const offset = offsets[row] as number;
    if (compareBytes(view, offset, length, min, minLength) < 0) return row;
    if (compareBytes(view, offset, length, max, maxLength) > 0) return row;
  }
  return -1;
}

function compareBytes(
  view: DataView,
  offset: number,
  length: number,
  bound: DataView,
  boundLength: number,
): number {
  const common = Math.min(length, boundLength);
  let at = 0;
  for (; at + 4 <= common; at += 4) {
    const difference = view.getUint32(offset + at) - bound.getUint32(at);
    if (difference !== 0) return difference;
  }
  for (; at < common; at += 1) {
    const difference = view.getUint8(offset + at) - bound.getUint8(at);
    if (difference !== 0) return difference;
  }
  return length - boundLength;
}
