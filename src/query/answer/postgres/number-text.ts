/** Numbers as PostgreSQL writes them. */
import { shortestFloat } from '../shortest-float.ts';

/** Beyond so many digits before the point a float is written with an exponent. */
const DIGITS_OF_DOUBLE = 15;
const DIGITS_OF_FLOAT = 6;

/** The shortest text that reads back to the same double. */
export function doubleText(value: number): string {
  return floatText(value, String, DIGITS_OF_DOUBLE);
}

/** The shortest text that reads back to the same 32-bit float. */
export function realText(value: number): string {
  return floatText(value, shortestFloat, DIGITS_OF_FLOAT);
}

function floatText(value: number, shortest: (value: number) => string, digits: number): string {
  if (Object.is(value, -0)) return '-0';
  if (!Number.isFinite(value) || value === 0) return String(value);
  const size = Math.abs(value);
  const text = shortest(value);
  if (size >= 1e-4 && size < 10 ** digits && !text.includes('e')) return text;
  const [mantissa, exponent] = exponential(text);
  // By its shortest digits: 0.0001 as a 32-bit float is a little less.
  if (exponent >= -4 && exponent < digits) return text;
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** One digit before the point, and by which power of ten it is to be multiplied. */
function exponential(text: string): readonly [string, number] {
  const [mantissa = '', exponent = '0'] = Number(text).toExponential().split('e');
  return [mantissa, Number(exponent)];
}

/** An integer of so many digits after the point. */
export function decimalText(value: bigint, scale: number): string {
  if (scale === 0) return value.toString();
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const at = digits.length - scale;
  return `${value < 0n ? '-' : ''}${digits.slice(0, at)}.${digits.slice(at)}`;
}
