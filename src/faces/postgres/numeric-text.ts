/** The text of a `numeric` that came in PostgreSQL's binary form. */

const DIGITS = 4;
const NEGATIVE = 0x4000;
const SPECIAL: ReadonlyMap<number, string> = new Map([
  [0xc000, 'NaN'],
  [0xd000, 'Infinity'],
  [0xf000, '-Infinity'],
]);
const HEAD_BYTES = 8;

/** @throws RangeError for bytes that are none */
export function numericText(value: Buffer): string {
  const count = value.readUInt16BE(0);
  const weight = value.readInt16BE(2);
  const sign = value.readUInt16BE(4);
  const scale = value.readUInt16BE(6);
  const special = SPECIAL.get(sign);
  if (special !== undefined) return special;
  if (value.length !== HEAD_BYTES + count * 2) throw new RangeError('of another length');
  if (scale > 0x3fff || (sign !== 0 && sign !== NEGATIVE)) throw new RangeError('no number');
  const digitsAt = (place: number): string => {
    const digit = place < count && place >= 0 ? value.readUInt16BE(HEAD_BYTES + place * 2) : 0;
    if (digit > 9_999) throw new RangeError('no digit');
    return String(digit).padStart(DIGITS, '0');
  };
  const places = (from: number, to: number): string =>
    Array.from({ length: Math.max(0, to - from) }, (_, at) => digitsAt(from + at)).join('');
  const whole = places(0, weight + 1).replace(/^0+(?=\d)/, '') || '0';
  const fraction = places(weight + 1, weight + 1 + Math.ceil(scale / DIGITS)).slice(0, scale);
  return `${sign === NEGATIVE ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
