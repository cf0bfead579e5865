/** Values whose bytes only change their order: PostgreSQL sends the highest first. */
import type { ColumnBytes } from '../../domain/fingerprint.ts';
import type { ColumnTarget } from './column-target.ts';

export function decodeBool(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  const { view, offsets, lengths } = source;
  const { bytes } = target;
  for (let row = 0; row < rows; row += 1) {
    if (lengths[row] !== 1) {
      target.checkLength(lengths[row] as number, 1);
      continue;
    }
    const value = view.getUint8(offsets[row] as number);
    if (value > 1) throw target.malformed(`the byte ${String(value)} is no boolean`);
    bytes[row] = value;
  }
}

export function decodeSwapped2(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  const { view, offsets, lengths } = source;
  const { halves } = target;
  for (let row = 0; row < rows; row += 1) {
    if (lengths[row] !== 2) {
      target.checkLength(lengths[row] as number, 2);
      continue;
    }
    halves[row] = view.getInt16(offsets[row] as number);
  }
}

export function decodeSwapped4(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  const { view, offsets, lengths } = source;
  const { words } = target;
  for (let row = 0; row < rows; row += 1) {
    if (lengths[row] !== 4) {
      target.checkLength(lengths[row] as number, 4);
      continue;
    }
    words[row] = view.getInt32(offsets[row] as number);
  }
}

export function decodeSwapped8(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  const { view, offsets, lengths } = source;
  const { words } = target;
  for (let row = 0; row < rows; row += 1) {
    if (lengths[row] !== 8) {
      target.checkLength(lengths[row] as number, 8);
      continue;
    }
    const offset = offsets[row] as number;
    words[row * 2] = view.getInt32(offset + 4);
    words[row * 2 + 1] = view.getInt32(offset);
  }
}

// Parquet's dictionaries, as DuckDB writes them, compare floats as numbers: −0 would become 0 and
// all NaNs the first one met. The writer must know of such values; the bits travel untouched.

const FLOAT4_NAN = 0x7fc00000;
const FLOAT8_NAN_HIGH = 0x7ff80000;
const MINUS_ZERO = -0x80000000;

export function decodeFloat4(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  decodeSwapped4(source, rows, target);
  const { lengths } = source;
  const { words } = target;
  for (let row = 0; row < rows; row += 1) {
    const bits = words[row] as number;
    const odd = bits === MINUS_ZERO || ((bits & 0x7fffffff) > 0x7f800000 && bits !== FLOAT4_NAN);
    if (odd && lengths[row] !== -1) {
      target.hasOddFloats = true;
      return;
    }
  }
}

export function decodeFloat8(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  decodeSwapped8(source, rows, target);
  const { lengths } = source;
  const { words } = target;
  for (let row = 0; row < rows; row += 1) {
    const high = words[row * 2 + 1] as number;
    if (high !== MINUS_ZERO && (high & 0x7ff00000) !== 0x7ff00000) continue;
    if (isOddFloat8(high, words[row * 2] as number) && lengths[row] !== -1) {
      target.hasOddFloats = true;
      return;
    }
  }
}

function isOddFloat8(high: number, low: number): boolean {
  if (high === MINUS_ZERO) return low === 0;
  const isInfinity = (high & 0x000fffff) === 0 && low === 0;
  const isOwnNan = high === FLOAT8_NAN_HIGH && low === 0;
  return !isInfinity && !isOwnNan;
}

/** DuckDB keeps a UUID as a signed 128-bit integer whose top bit is flipped, so that it sorts. */
export function decodeUuid(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  const { view, offsets, lengths } = source;
  const { words } = target;
  for (let row = 0; row < rows; row += 1) {
    if (lengths[row] !== 16) {
      target.checkLength(lengths[row] as number, 16);
      continue;
    }
    const offset = offsets[row] as number;
    words[row * 4] = view.getInt32(offset + 12);
    words[row * 4 + 1] = view.getInt32(offset + 8);
    words[row * 4 + 2] = view.getInt32(offset + 4);
    words[row * 4 + 3] = view.getInt32(offset) ^ 0x80000000;
  }
}
