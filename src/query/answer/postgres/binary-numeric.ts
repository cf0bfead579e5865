/** `numeric` in PostgreSQL's binary form: digits of base 10,000, and where the point is among them. */
import type { RowBytes } from './row-bytes.ts';

const DIGITS = 4;
const BASE = 10_000n;

const NEGATIVE = 0x4000;
/** Sign, and what PostgreSQL happens to write as the digits after the point. */
const SPECIAL: Readonly<Record<string, readonly [number, number]>> = {
  NaN: [0xc000, 0],
  Infinity: [0xd000, 0x20],
  '-Infinity': [0xf000, 0x20],
};

/** An integer of so many digits after the point. */
export function writeNumeric(out: RowBytes, value: bigint, scale: number): void {
  const isNegative = value < 0n;
  // So that the point is between two digits of the base.
  const after = Math.ceil(scale / DIGITS);
  let left = (isNegative ? -value : value) * 10n ** BigInt(after * DIGITS - scale);
  const digits: number[] = [];
  for (; left > 0n; left /= BASE) digits.push(Number(left % BASE));
  let weight = digits.length - after - 1;
  let from = 0;
  while (from < digits.length && digits[from] === 0) from += 1;
  const shown = digits.slice(from).reverse();
  if (shown.length === 0) weight = 0;
  out.int16(shown.length);
  out.int16(weight);
  out.int16(isNegative ? NEGATIVE : 0);
  out.int16(scale);
  for (const digit of shown) out.int16(digit);
}

/** What PostgreSQL writes: `-12.50`, `NaN`, `Infinity`. */
export function writeNumericText(out: RowBytes, text: string): void {
  const special = SPECIAL[text];
  if (special !== undefined) {
    const [sign, scale] = special;
    for (const field of [0, 0, sign - 0x10000, scale]) out.int16(field);
    return;
  }
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  writeNumeric(out, BigInt(`${sign}${whole}${fraction}` || '0'), fraction.length);
}
