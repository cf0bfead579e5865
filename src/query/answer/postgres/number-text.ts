/** Numbers as PostgreSQL writes them. */
import { shortestFloat } from '../shortest-float.ts';

interface FloatKind {
  /** Beyond so many digits before the point one is written with an exponent. */
  readonly digits: number;
  /** With so many it reads back the same, whatever it is. */
  readonly mostDigits: number;
  /** From here on there are whole numbers between two of them. */
  readonly gapsFrom: number;
  /** Of one above 0. */
  readonly shortest: (size: number) => string;
  /** As it is held. */
  readonly round: (value: number) => number;
  /** The one that is so many steps away from it, further from 0. */
  readonly step: (size: number, steps: -1 | 1) => number;
}

const double = new DataView(new ArrayBuffer(8));

const DOUBLE: FloatKind = {
  digits: 15,
  mostDigits: 17,
  gapsFrom: 2 ** 53,
  shortest: String,
  round: (value) => value,
  step(size, steps) {
    double.setFloat64(0, size);
    double.setBigInt64(0, double.getBigInt64(0) + BigInt(steps));
    return double.getFloat64(0);
  },
};

const REAL: FloatKind = {
  digits: 6,
  mostDigits: 9,
  gapsFrom: 2 ** 24,
  shortest: (size) => toEven(shortestFloat(size), size),
  round: Math.fround,
  step(size, steps) {
    double.setFloat32(0, size);
    double.setInt32(0, double.getInt32(0) + steps);
    return double.getFloat32(0);
  },
};

/** The shortest text that reads back to the same double. */
export const doubleText = (value: number): string => floatText(value, DOUBLE);

/** The shortest text that reads back to the same 32-bit float. */
export const realText = (value: number): string => floatText(value, REAL);

function floatText(value: number, kind: FloatKind): string {
  if (Object.is(value, -0)) return '-0';
  if (!Number.isFinite(value) || value === 0) return String(value);
  const size = Math.abs(value);
  const sign = value < 0 ? '-' : '';
  const text = size < kind.gapsFrom ? kind.shortest(size) : withinGap(size, kind);
  const [mantissa, exponent] = exponential(text);
  // By its shortest digits: 0.0001 as a 32-bit float is a little less.
  if (exponent >= -4 && exponent < kind.digits) return sign + plain(mantissa, exponent);
  return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/**
 * PostgreSQL takes no text that lies halfway to the next float, though it reads back to this one. Only whole
 * numbers have such.
 */
function withinGap(size: number, kind: FloatKind): string {
  const shortest = kind.shortest(size);
  const fewest = exponential(shortest)[0].replace('.', '').length;
  for (let digits = fewest; digits < kind.mostDigits; digits += 1) {
    const text = size.toPrecision(digits);
    if (kind.round(Number(text)) === size && !isHalfway(text, size, kind)) return text;
  }
  return size.toPrecision(kind.mostDigits);
}

/** Of two texts of a 32-bit float that are as near the even one, as JavaScript chooses of a double, where it reads back the same. */
function toEven(text: string, size: number): string {
  const [mantissa, exponent] = exponential(text);
  const digits = mantissa.replace('.', '');
  if (Number(digits.at(-1)) % 2 === 0) return text;
  const lower = (BigInt(digits) - 1n).toString();
  const exact = exponential(size.toPrecision(100))[0].replace('.', '');
  if (exact !== `${lower}5`) return text;
  const even = `${lower}e${String(exponent - digits.length + 1)}`;
  return Math.fround(Number(even)) === size ? even : text;
}

function isHalfway(text: string, size: number, kind: FloatKind): boolean {
  const [mantissa, exponent] = exponential(text);
  const digits = mantissa.replace('.', '');
  if (digits.length > exponent + 1) return false;
  const whole = BigInt(digits.padEnd(exponent + 1, '0'));
  return ([-1, 1] as const).some((steps) => {
    const next = kind.step(size, steps);
    return Number.isFinite(next) && 2n * whole === BigInt(size) + BigInt(next);
  });
}

/** One digit before the point and no zeros at the end, and by which power of ten it is to be multiplied. @param text of a number above 0 */
function exponential(text: string): readonly [string, number] {
  const [number = '', power = '0'] = text.split('e');
  const [whole = '', fraction = ''] = number.split('.');
  const all = whole + fraction;
  const zeros = all.length - all.replace(/^0+/, '').length;
  const digits = all.slice(zeros).replace(/0+$/, '');
  const mantissa = digits.length > 1 ? `${digits.slice(0, 1)}.${digits.slice(1)}` : digits;
  return [mantissa, whole.length - 1 - zeros + Number(power)];
}

function plain(mantissa: string, exponent: number): string {
  const digits = mantissa.replace('.', '');
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** An integer of so many digits after the point. */
export function decimalText(value: bigint, scale: number): string {
  if (scale === 0) return value.toString();
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const at = digits.length - scale;
  return `${value < 0n ? '-' : ''}${digits.slice(0, at)}.${digits.slice(at)}`;
}
