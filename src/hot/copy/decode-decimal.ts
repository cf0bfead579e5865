/**
 * `numeric(p,s)` to the integer `value × 10^s` that DuckDB's DECIMAL is. PostgreSQL sends digits
 * to the base 10,000, aligned at the decimal point (numeric_send in numeric.c).
 */
import type { Held } from '../../domain/columns/column-plan.ts';
import type { ColumnTarget, DecodeColumn } from './column-target.ts';

const NEGATIVE = 0x4000;
const NAN = 0xc000;
const PLUS_INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;
const DIGITS_PER_GROUP = 4;
const HEADER_BYTES = 8;
const TWO_32 = 2 ** 32;
/** Integers of so many digits are exact as doubles. */
const DOUBLE_DIGITS = 15;

type Decimal = Extract<Held, { kind: 'decimal' }>;

/** What follows from a column's width and scale alone. */
interface Layout {
  readonly scale: number;
  readonly wholeDigits: number;
  readonly fractionGroups: number;
  /** Digits of the last group that lie beyond the scale; they are zeros. */
  readonly surplusDigits: number;
  readonly lastDivisor: number;
  readonly lastFactor: number;
  /** 10^width, as a double and exactly. */
  readonly limit: number;
  readonly limitLimbs: Float64Array;
}

export function decodeDecimal(decimal: Decimal): DecodeColumn {
  const layout = layoutOf(decimal);
  const { fractionGroups, surplusDigits } = layout;
  return ({ view, offsets, lengths }, rows, target) => {
    for (let row = 0; row < rows; row += 1) {
      const length = lengths[row] as number;
      if (length < 0) continue;
      const offset = offsets[row] as number;
      const groups = checkHeader(view, offset, length, layout.scale, target);
      // All groups that the value may have, from the highest it has to the last of the scale.
      const places = groups === 0 ? 0 : view.getInt16(offset + 2) + 1 + fractionGroups;
      if (groups > places) throw target.malformed('it has digits beyond its scale');
      const negative = view.getUint16(offset + 4) === NEGATIVE;
      if (places * DIGITS_PER_GROUP - surplusDigits <= DOUBLE_DIGITS) {
        const value = readSmall(view, offset, groups, places, layout, target);
        writeSmall(target, row, negative ? -value : value);
      } else {
        writeLarge(target, row, readLarge(view, offset, groups, places, layout, target), negative);
      }
    }
  };
}

function layoutOf({ width, scale }: Decimal): Layout {
  const fractionGroups = Math.ceil(scale / DIGITS_PER_GROUP);
  const surplusDigits = fractionGroups * DIGITS_PER_GROUP - scale;
  return {
    scale,
    wholeDigits: width - scale,
    fractionGroups,
    surplusDigits,
    lastDivisor: 10 ** surplusDigits,
    lastFactor: 10 ** (DIGITS_PER_GROUP - surplusDigits),
    limit: 10 ** width,
    limitLimbs: limbsOf(10n ** BigInt(width)),
  };
}

/** Returns how many groups of digits follow the header. */
function checkHeader(
  view: DataView,
  offset: number,
  length: number,
  scale: number,
  target: ColumnTarget,
): number {
  if (length < HEADER_BYTES) throw target.malformed('its header is cut off');
  const groups = view.getInt16(offset);
  if (length !== HEADER_BYTES + groups * 2) throw target.malformed('its digits are cut off');
  const sign = view.getUint16(offset + 4);
  if (sign !== 0 && sign !== NEGATIVE) throw specialValue(sign, target);
  const displayScale = view.getUint16(offset + 6);
  if (displayScale !== scale) {
    throw target.notHeld(
      `with ${String(displayScale)} digits after the point`,
      `the column's type in the lake has ${String(scale)}`,
    );
  }
  return groups;
}

function readSmall(
  view: DataView,
  offset: number,
  groups: number,
  places: number,
  layout: Layout,
  target: ColumnTarget,
): number {
  const wholePlaces = layout.fractionGroups > 0 ? places - 1 : places;
  let value = 0;
  let at = offset + HEADER_BYTES;
  for (let place = 0; place < wholePlaces; place += 1, at += 2) {
    value = value * 10_000 + (place < groups ? view.getInt16(at) : 0);
  }
  if (wholePlaces >= 0 && wholePlaces < places) {
    value = value * layout.lastFactor + lastDigits(view, at, groups === places, layout, target);
  }
  if (value >= layout.limit) throw tooManyDigits(layout, target);
  return value;
}

function readLarge(
  view: DataView,
  offset: number,
  groups: number,
  places: number,
  layout: Layout,
  target: ColumnTarget,
): Float64Array {
  const limbs = new Float64Array(4);
  const wholePlaces = layout.fractionGroups > 0 ? places - 1 : places;
  let overflow = false;
  let at = offset + HEADER_BYTES;
  for (let place = 0; place < wholePlaces; place += 1, at += 2) {
    overflow ||= multiplyAdd(limbs, 10_000, place < groups ? view.getInt16(at) : 0);
  }
  if (wholePlaces < places) {
    const digits = lastDigits(view, at, groups === places, layout, target);
    overflow ||= multiplyAdd(limbs, layout.lastFactor, digits);
  }
  if (overflow || !isBelow(limbs, layout.limitLimbs)) throw tooManyDigits(layout, target);
  return limbs;
}

/** Only where the type was chosen: PostgreSQL keeps its own. */
function tooManyDigits({ wholeDigits }: Layout, target: ColumnTarget): Error {
  return target.notHeld(
    `with more than ${String(wholeDigits)} digits before the point`,
    `the column's type in the lake has ${String(wholeDigits)}`,
  );
}

/** The digits of the last group that belong to the scale. */
function lastDigits(
  view: DataView,
  at: number,
  present: boolean,
  { lastDivisor }: Layout,
  target: ColumnTarget,
): number {
  const group = present ? view.getInt16(at) : 0;
  if (group % lastDivisor !== 0) throw target.malformed('it has digits beyond its scale');
  return group / lastDivisor;
}

function specialValue(sign: number, target: ColumnTarget): Error {
  const names: Readonly<Record<number, string>> = {
    [NAN]: 'NaN',
    [PLUS_INFINITY]: 'Infinity',
    [MINUS_INFINITY]: '-Infinity',
  };
  const name = names[sign];
  if (name === undefined) return target.malformed(`its sign is ${String(sign)}`);
  return target.notHeld(name, 'a native number with a fixed scale has digits only');
}

function writeSmall(target: ColumnTarget, row: number, value: number): void {
  const { halves, words } = target;
  const high = Math.floor(value / TWO_32);
  switch (target.width) {
    case 2:
      halves[row] = value;
      break;
    case 4:
      words[row] = value;
      break;
    case 8:
      words[row * 2] = value - high * TWO_32;
      words[row * 2 + 1] = high;
      break;
    default:
      words[row * 4] = value - high * TWO_32;
      words[row * 4 + 1] = high;
      words[row * 4 + 2] = value < 0 ? -1 : 0;
      words[row * 4 + 3] = value < 0 ? -1 : 0;
  }
}

/** Of 8 or 16 bytes: a smaller decimal has too few digits to come here. */
function writeLarge(
  target: ColumnTarget,
  row: number,
  limbs: Float64Array,
  negative: boolean,
): void {
  const { words } = target;
  const count = target.width >> 2;
  let carry = negative ? 1 : 0;
  for (let index = 0; index < count; index += 1) {
    const limb = limbs[index] as number;
    if (!negative) {
      words[row * count + index] = limb;
      continue;
    }
    const inverted = TWO_32 - 1 - limb + carry;
    carry = inverted >= TWO_32 ? 1 : 0;
    words[row * count + index] = inverted;
  }
}

/** `limbs = limbs × factor + addend`, lowest limb first; whether it no longer fits. */
function multiplyAdd(limbs: Float64Array, factor: number, addend: number): boolean {
  let carry = addend;
  for (let index = 0; index < 4; index += 1) {
    const product = (limbs[index] as number) * factor + carry;
    carry = Math.floor(product / TWO_32);
    limbs[index] = product - carry * TWO_32;
  }
  return carry !== 0;
}

function isBelow(limbs: Float64Array, limit: Float64Array): boolean {
  for (let index = 3; index >= 0; index -= 1) {
    const difference = (limbs[index] as number) - (limit[index] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function limbsOf(value: bigint): Float64Array {
  return Float64Array.from([0n, 32n, 64n, 96n], (shift) => Number((value >> shift) & 0xffffffffn));
}
