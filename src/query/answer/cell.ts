/** One value of a result, as exact text and as JSON. docs/query.md has the table of both. */
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBGeometryValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionValue,
  type DuckDBValue,
  DuckDBVariantValue,
} from '@duckdb/node-api';
import { isoDate, isoTime, isoTimestamp } from '../iso-time.ts';
import { shortestFloat } from './shortest-float.ts';

/** Null for SQL's NULL. What holds others (lists, structs, maps) is written as JSON. */
export function cellText(value: DuckDBValue, type: DuckDBType): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value, type);
  if (isNested(value)) return cellJson(value, type);
  return scalarText(value);
}

/**
 * JSON text. A number only where every reader of JSON gets that very number: an integer up to
 * 2^53, a decimal of at most 15 significant digits, a finite float; any other as a string.
 */
export function cellJson(value: DuckDBValue, type: DuckDBType): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return type.alias === 'JSON' ? onOneLine(value) : quote(value);
  if (typeof value === 'number') {
    const text = numberText(value, type);
    return Number.isFinite(value) ? text : quote(text);
  }
  if (typeof value === 'bigint') return exactNumber(value.toString());
  if (value instanceof DuckDBDecimalValue) return exactNumber(value.toString());
  if (isNested(value)) return nestedJson(value, type);
  return quote(scalarText(value));
}

type Nested =
  | DuckDBListValue
  | DuckDBArrayValue
  | DuckDBStructValue
  | DuckDBMapValue
  | DuckDBUnionValue
  | DuckDBVariantValue;

function isNested(value: DuckDBValue): value is Nested {
  return (
    value instanceof DuckDBListValue ||
    value instanceof DuckDBArrayValue ||
    value instanceof DuckDBStructValue ||
    value instanceof DuckDBMapValue ||
    value instanceof DuckDBUnionValue ||
    value instanceof DuckDBVariantValue
  );
}

function nestedJson(value: Nested, type: DuckDBType): string {
  if (value instanceof DuckDBVariantValue) return cellJson(value.value, value.type ?? type);
  if (value instanceof DuckDBUnionValue) {
    const member =
      type.typeId === DuckDBTypeId.UNION
        ? type.memberTypes[type.memberTags.indexOf(value.tag)]
        : type;
    return cellJson(value.value, member ?? type);
  }
  if (value instanceof DuckDBStructValue) {
    const members = Object.entries(value.entries).map(([name, member], index) => {
      const inner = type.typeId === DuckDBTypeId.STRUCT ? type.entryTypes[index] : undefined;
      return `${quote(name)}:${cellJson(member, inner ?? type)}`;
    });
    return `{${members.join(',')}}`;
  }
  if (value instanceof DuckDBMapValue) {
    const [keys, values] =
      type.typeId === DuckDBTypeId.MAP ? [type.keyType, type.valueType] : [type, type];
    const entries = value.entries.map(
      (entry) => `{"key":${cellJson(entry.key, keys)},"value":${cellJson(entry.value, values)}}`,
    );
    return `[${entries.join(',')}]`;
  }
  const inner =
    type.typeId === DuckDBTypeId.LIST || type.typeId === DuckDBTypeId.ARRAY ? type.valueType : type;
  return `[${value.items.map((item) => cellJson(item, inner)).join(',')}]`;
}

type Scalar = Exclude<DuckDBValue, null | string | number>;

function scalarText(value: Scalar): string {
  if (value instanceof DuckDBTimestampTZValue) return timestampText(value, value.micros, 'Z');
  if (value instanceof DuckDBTimestampValue) return timestampText(value, value.micros, '');
  if (value instanceof DuckDBTimestampSecondsValue) {
    return timestampText(value, value.seconds * 1_000_000n, '');
  }
  if (value instanceof DuckDBTimestampMillisecondsValue) {
    return timestampText(value, value.millis * 1000n, '');
  }
  if (value instanceof DuckDBTimestampNanosecondsValue) {
    const beyondMicros = ((value.nanos % 1000n) + 1000n) % 1000n;
    const micros = (value.nanos - beyondMicros) / 1000n;
    return timestampText(value, micros, String(beyondMicros).padStart(3, '0'));
  }
  if (value instanceof DuckDBDateValue) {
    return value.isFinite ? isoDate(value.days) : infinity(value.days);
  }
  if (value instanceof DuckDBTimeValue) return isoTime(value.micros);
  if (value instanceof DuckDBBlobValue || value instanceof DuckDBGeometryValue) {
    return `\\x${Buffer.from(value.bytes).toString('hex')}`;
  }
  return value.toString();
}

function timestampText(value: { readonly isFinite: boolean }, micros: bigint, end: string): string {
  return value.isFinite ? `${isoTimestamp(micros)}${end}` : infinity(micros);
}

function infinity(value: number | bigint): string {
  return value < 0 ? '-infinity' : 'infinity';
}

function numberText(value: number, type: DuckDBType): string {
  if (Object.is(value, -0)) return '-0';
  return type.typeId === DuckDBTypeId.FLOAT ? shortestFloat(value) : String(value);
}

/** Any decimal of that many digits survives the way through a double. */
const DIGITS_OF_A_DOUBLE = 15;

function exactNumber(text: string): string {
  if (Number.isSafeInteger(Number(text)) && !text.includes('.')) return text;
  const significant = text.replace(/^-?[0.]*/, '').replace('.', '');
  return significant.length <= DIGITS_OF_A_DOUBLE ? text : quote(text);
}

/** The text of a json column may hold line breaks, between its tokens only. */
function onOneLine(json: string): string {
  return json.replaceAll(/[\r\n]+/g, ' ');
}

function quote(text: string): string {
  return JSON.stringify(text);
}
