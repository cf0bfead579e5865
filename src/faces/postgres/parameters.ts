/** The values of a statement's parameters, out of the form in which the client sends them. */
import { typeNameOf } from '../../query/answer/postgres/type-numbers.ts';
import { isoDate, isoTime, isoTimestamp } from '../../query/iso-time.ts';
import { arrayText } from './array-parameter.ts';
import { FaceError } from './face-error.ts';
import { numericText } from './numeric-text.ts';
import { decodeText } from './wire/field-reader.ts';

/**
 * @param oid of its type; 0 where nobody knows
 * @returns PostgreSQL's text of it; null for null
 * @param place from 1, for messages
 * @throws FaceError 22P03 for bytes that are no value of the type, 0A000 for a type whose binary form is not read
 */
export function readParameter(
  value: Buffer | null,
  oid: number,
  format: number,
  place: number,
): string | null {
  if (value === null) return null;
  return format === 0 ? decodeText(value) : binaryText(value, typeNameOf(oid), place);
}

const DAYS_TO_2000 = 10_957;
const MICROS_TO_2000 = 946_684_800_000_000n;

function binaryText(value: Buffer, name: string | null, place: number): string {
  const read = name === null ? undefined : readerOf(name);
  if (read === undefined) {
    throw new FaceError({
      sqlstate: '0A000',
      message: `parameter $${String(place)} came in the binary form of ${name ?? 'a type that is not known'}, which is not read here`,
      hint: 'Send it as text.',
    });
  }
  try {
    return read(value);
  } catch {
    throw new FaceError({
      sqlstate: '22P03',
      message: `incorrect binary data format in bind parameter ${String(place)}`,
    });
  }
}

function readerOf(name: string): ReadBinary | undefined {
  if (!name.endsWith('[]')) return BINARY[name];
  const item = BINARY[name.slice(0, -2)];
  return item === undefined ? undefined : (value) => arrayText(value, item);
}

type ReadBinary = (value: Buffer) => string;

const exactly =
  (bytes: number, read: ReadBinary): ReadBinary =>
  (value) => {
    if (value.length !== bytes) throw new RangeError('of another length');
    return read(value);
  };

const asText: ReadBinary = (value) => decodeText(value);
const LAST_MICROS = 2n ** 63n - 1n;

const timestamp =
  (zone: string): ReadBinary =>
  (value) => {
    const micros = value.readBigInt64BE();
    if (micros === LAST_MICROS) return 'infinity';
    if (micros === -LAST_MICROS - 1n) return '-infinity';
    return `${isoTimestamp(micros + MICROS_TO_2000).replace('T', ' ')}${zone}`;
  };

const BINARY: Readonly<Record<string, ReadBinary>> = {
  boolean: exactly(1, (value) => (value[0] === 0 ? 'f' : 't')),
  smallint: exactly(2, (value) => String(value.readInt16BE())),
  integer: exactly(4, (value) => String(value.readInt32BE())),
  bigint: exactly(8, (value) => String(value.readBigInt64BE())),
  oid: exactly(4, (value) => String(value.readUInt32BE())),
  real: exactly(4, (value) => String(value.readFloatBE())),
  'double precision': exactly(8, (value) => String(value.readDoubleBE())),
  numeric: numericText,
  date: exactly(4, (value) => {
    const days = value.readInt32BE();
    if (days === 2 ** 31 - 1) return 'infinity';
    return days === -(2 ** 31) ? '-infinity' : isoDate(days + DAYS_TO_2000);
  }),
  'time without time zone': exactly(8, (value) => isoTime(value.readBigInt64BE())),
  'timestamp without time zone': exactly(8, timestamp('')),
  'timestamp with time zone': exactly(8, timestamp('+00')),
  interval: exactly(16, (value) => {
    const [micros, days, months] = [
      value.readBigInt64BE(),
      value.readInt32BE(8),
      value.readInt32BE(12),
    ];
    return `${String(months)} months ${String(days)} days ${String(micros)} microseconds`;
  }),
  uuid: exactly(16, (value) =>
    value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  ),
  text: asText,
  'character varying': asText,
  character: asText,
  bpchar: asText,
  name: asText,
  json: asText,
  jsonb: (value) => {
    if (value[0] !== 1) throw new RangeError('of another version');
    return decodeText(value.subarray(1));
  },
};
