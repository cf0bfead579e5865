/**
 * A segment's bounds in Iceberg's form. Left out wherever they might not be true for every engine:
 * no bound prunes nothing, which is never wrong. Floats have none, for a NaN stands in no order.
 */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { ColumnStatistics } from '../domain/lake/column-statistics.ts';
import type { TimeColumn } from '../domain/table.ts';

export interface Bounds {
  readonly lower: Uint8Array | null;
  readonly upper: Uint8Array | null;
}

const NONE: Bounds = { lower: null, upper: null };

/** @param texts as the ledger's statistics have them @param type the column's in the table */
export function boundsOf(
  { held }: ColumnPlan,
  type: string,
  { min, max }: ColumnStatistics,
): Bounds {
  if (min === null || max === null) return NONE;
  switch (held.kind) {
    case 'int2':
    case 'int4':
    case 'int8':
      return { lower: whole(BigInt(min), type), upper: whole(BigInt(max), type) };
    case 'decimal':
      return { lower: decimalBytes(min), upper: decimalBytes(max) };
    case 'varchar':
    case 'text':
      return { lower: lowerText(min), upper: upperText(max) };
    default:
      return NONE;
  }
}

/** Of the time column, whose bounds the ledger has as numbers. */
export function timeBounds(
  { kind }: TimeColumn,
  minTimeUs: bigint,
  maxTimeUs: bigint,
): Bounds | null {
  switch (kind) {
    case 'timestamp':
    case 'timestamptz':
      return { lower: whole(minTimeUs, 'long'), upper: whole(maxTimeUs, 'long') };
    case 'date':
      return { lower: whole(minTimeUs / DAY_US, 'int'), upper: whole(maxTimeUs / DAY_US, 'int') };
    case 'integer':
      return null;
  }
}

const DAY_US = 86_400_000_000n;

export function whole(value: bigint, type: string): Uint8Array {
  const bytes = Buffer.alloc(type === 'int' ? 4 : 8);
  if (type === 'int') bytes.writeInt32LE(Number(value));
  else bytes.writeBigInt64LE(value);
  return bytes;
}

/** The unscaled number, big-endian, in as few bytes as hold it with its sign. */
function decimalBytes(text: string): Uint8Array {
  const value = BigInt(text.replace('.', ''));
  let length = 1;
  while (value < -(1n << BigInt(8 * length - 1)) || value >= 1n << BigInt(8 * length - 1)) {
    length += 1;
  }
  const hex = BigInt.asUintN(8 * length, value).toString(16);
  return Buffer.from(hex.padStart(2 * length, '0'), 'hex');
}

/** As Iceberg's writers cut by default. */
const MAX_POINTS = 16;
const FIRST_AFTER_SURROGATES = 0xe000;
const FIRST_SUPPLEMENTARY = 0x10000;

// Engines order text by UTF-8 bytes or by UTF-16 units. The two differ only between U+E000 to U+FFFF
// and what lies above, so a smallest value without the former, and a largest without the latter, is
// the smallest or largest in both.

function lowerText(min: string): Uint8Array | null {
  const points = codePoints(min);
  if (points.some((point) => point >= FIRST_AFTER_SURROGATES && point < FIRST_SUPPLEMENTARY)) {
    return null;
  }
  return utf8(points.slice(0, MAX_POINTS));
}

/** A cut text is smaller than what it was, so its last character that can be is made larger. */
function upperText(max: string): Uint8Array | null {
  const points = codePoints(max);
  if (points.some((point) => point >= FIRST_SUPPLEMENTARY)) return null;
  if (points.length <= MAX_POINTS) return utf8(points);
  const cut = points.slice(0, MAX_POINTS);
  for (let last = cut.pop(); last !== undefined; last = cut.pop()) {
    const next = last + 1 === FIRST_SURROGATE ? FIRST_AFTER_SURROGATES : last + 1;
    if (next < FIRST_SUPPLEMENTARY) return utf8([...cut, next]);
  }
  return null;
}

const FIRST_SURROGATE = 0xd800;

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

function utf8(points: readonly number[]): Uint8Array {
  return Buffer.from(String.fromCodePoint(...points), 'utf8');
}
