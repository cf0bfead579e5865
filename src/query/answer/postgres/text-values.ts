/** Values as the text that PostgreSQL makes of them. */
import {
  type DuckDBArrayValue,
  type DuckDBBitValue,
  type DuckDBBlobValue,
  type DuckDBDateValue,
  type DuckDBDecimalValue,
  type DuckDBIntervalValue,
  type DuckDBListValue,
  type DuckDBTimestampMillisecondsValue,
  type DuckDBTimestampSecondsValue,
  type DuckDBTimestampTZValue,
  type DuckDBTimestampValue,
  type DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { cellText } from '../cell.ts';
import { decimalText, doubleText, realText } from './number-text.ts';
import type { RowBytes } from './row-bytes.ts';
import { dateText, intervalText, offsetText, timestampText, timeText } from './time-text.ts';
import { zoneOffsets } from './zone-offset.ts';

/** Writes a value that is there. */
export type WriteValue = (value: NonNullable<DuckDBValue>, out: RowBytes) => void;

/** @param shown which type the client is told; only texts that stand for others depend on it */
export function textWriter(type: DuckDBType, timeZone: string, shown = ''): WriteValue {
  const textOf = columnText(type, timeZone, shown);
  return MAY_BE_ANY_LETTER.has(type.typeId)
    ? (value, out) => out.text(textOf(value))
    : (value, out) => out.ascii(textOf(value));
}

const MAY_BE_ANY_LETTER: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.VARCHAR,
  DuckDBTypeId.ENUM,
  DuckDBTypeId.LIST,
  DuckDBTypeId.ARRAY,
  DuckDBTypeId.STRUCT,
  DuckDBTypeId.MAP,
  DuckDBTypeId.UNION,
  DuckDBTypeId.VARIANT,
]);

/** The lake has it as a cast to text gives it: with the mask of a single address, which PostgreSQL leaves away. */
const inetText: TextOf = (value) =>
  (value as string).replace(/^([^:]*)\/32$|^(.*:.*)\/128$/, '$1$2');

/** @param shown as of `textWriter` */
function columnText(type: DuckDBType, timeZone: string, shown: string): TextOf {
  return shown === 'inet' ? inetText : valueText(type, timeZone);
}

type TextOf = (value: NonNullable<DuckDBValue>) => string;

function valueText(type: DuckDBType, timeZone: string): TextOf {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return (value) => (value === true ? 't' : 'f');
    case DuckDBTypeId.VARCHAR:
      return (value) => value as string;
    case DuckDBTypeId.FLOAT:
      return (value) => realText(value as number);
    case DuckDBTypeId.DOUBLE:
      return (value) => doubleText(value as number);
    case DuckDBTypeId.DECIMAL:
      return (value) => decimalText((value as DuckDBDecimalValue).value, type.scale);
    case DuckDBTypeId.BLOB:
      return (value) =>
        `\\x${Buffer.from((value as Pick<DuckDBBlobValue, 'bytes'>).bytes).toString('hex')}`;
    case DuckDBTypeId.BIT:
      return (value) => (value as DuckDBBitValue).toString();
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY: {
      const itemText = valueText(type.valueType, timeZone);
      const isNested = isList(type.valueType);
      return (value) => arrayText((value as Items).items, itemText, isNested);
    }
    default:
      return timeValueText(type, timeZone) ?? ((value) => cellText(value, type) ?? '');
  }
}

type Items = DuckDBListValue | DuckDBArrayValue;

function isList({ typeId }: DuckDBType): boolean {
  return typeId === DuckDBTypeId.LIST || typeId === DuckDBTypeId.ARRAY;
}

function timeValueText(type: DuckDBType, timeZone: string): TextOf | null {
  switch (type.typeId) {
    case DuckDBTypeId.DATE:
      return (value) => finite(value as DuckDBDateValue, ({ days }) => dateText(days));
    case DuckDBTypeId.TIME:
      return (value) => timeText((value as DuckDBTimeValue).micros);
    case DuckDBTypeId.TIMESTAMP:
      return (value) =>
        finite(value as Pick<DuckDBTimestampValue, 'isFinite' | 'micros'>, (one) =>
          timestampText(one.micros),
        );
    case DuckDBTypeId.TIMESTAMP_S:
      return (value) =>
        finite(value as DuckDBTimestampSecondsValue, ({ seconds }) =>
          timestampText(seconds * 1_000_000n),
        );
    case DuckDBTypeId.TIMESTAMP_MS:
      return (value) =>
        finite(value as DuckDBTimestampMillisecondsValue, ({ millis }) =>
          timestampText(millis * 1_000n),
        );
    case DuckDBTypeId.TIMESTAMP_TZ: {
      const offsetOf = zoneOffsets(timeZone);
      return (value) =>
        finite(value as Pick<DuckDBTimestampTZValue, 'isFinite' | 'micros'>, ({ micros }) => {
          const offset = offsetOf(micros);
          return timestampText(micros + BigInt(offset) * 1_000_000n, offsetText(offset));
        });
    }
    case DuckDBTypeId.INTERVAL:
      return (value) => {
        const { months, days, micros } = value as DuckDBIntervalValue;
        return intervalText(months, days, micros);
      };
    default:
      return null;
  }
}

type InfiniteTime = Partial<Readonly<Record<string, number | bigint | boolean>>>;

/** What is infinite is the greatest of its kind, or the least. */
function finite<V extends { readonly isFinite: boolean }>(
  value: V,
  text: (value: V) => string,
): string {
  if (value.isFinite) return text(value);
  const { days, micros, seconds, millis } = value as InfiniteTime;
  return Number(days ?? micros ?? seconds ?? millis) < 0 ? '-infinity' : 'infinity';
}

/** What an element has to be quoted for: else it would be read as something else. */
const TO_BE_QUOTED = /^$|^null$|[\s{}",\\]/i;

function arrayText(items: readonly DuckDBValue[], textOf: TextOf, isNested: boolean): string {
  const texts = items.map((item) => {
    if (item === null) return 'NULL';
    const text = textOf(item);
    if (isNested || !TO_BE_QUOTED.test(text)) return text;
    return `"${text.replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${texts.join(',')}}`;
}
