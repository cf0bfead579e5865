/** Values of one width: numbers, decimals, truth values, times. DuckDB's units are Arrow's. */
import {
  type DuckDBDateValue,
  type DuckDBDecimalValue,
  type DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import {
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  makeData,
  TimeMicrosecond,
  Timestamp,
  TimeUnit,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
} from 'apache-arrow';
import { TierdError } from '../../../domain/errors.ts';
import { cellText } from '../cell.ts';
import type { ArrowColumn } from './arrow-column.ts';
import { bitsOf, validityOf } from './validity.ts';

/** Numbers that are laid out in Arrow as they are in an array of JavaScript's. */
const PLAIN: ReadonlyMap<DuckDBTypeId, () => ArrowColumn> = new Map([
  [DuckDBTypeId.TINYINT, () => plain(new Int8(), Int8Array)],
  [DuckDBTypeId.SMALLINT, () => plain(new Int16(), Int16Array)],
  [DuckDBTypeId.INTEGER, () => plain(new Int32(), Int32Array)],
  [DuckDBTypeId.BIGINT, () => plain(new Int64(), BigInt64Array)],
  [DuckDBTypeId.UTINYINT, () => plain(new Uint8(), Uint8Array)],
  [DuckDBTypeId.USMALLINT, () => plain(new Uint16(), Uint16Array)],
  [DuckDBTypeId.UINTEGER, () => plain(new Uint32(), Uint32Array)],
  [DuckDBTypeId.UBIGINT, () => plain(new Uint64(), BigUint64Array)],
  [DuckDBTypeId.FLOAT, () => plain(new Float32(), Float32Array)],
  [DuckDBTypeId.DOUBLE, () => plain(new Float64(), Float64Array)],
]);

/** Null where the type has no fixed width in Arrow. */
export function fixedWidthColumn(name: string, type: DuckDBType): ArrowColumn | null {
  const numbers = PLAIN.get(type.typeId);
  if (numbers !== undefined) return numbers();
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return truths();
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return decimals(name, MAX_DIGITS, 0, (value) => value as bigint);
    case DuckDBTypeId.DECIMAL:
      return decimals(name, type.width, type.scale, (value) => (value as DuckDBDecimalValue).value);
    default:
      return timeColumn(name, type);
  }
}

function timeColumn(name: string, type: DuckDBType): ArrowColumn | null {
  switch (type.typeId) {
    case DuckDBTypeId.DATE:
      return times(
        name,
        type,
        new DateDay(),
        Int32Array,
        (value) => (value as DuckDBDateValue).days,
      );
    case DuckDBTypeId.TIME:
      return times(name, type, new TimeMicrosecond(), BigInt64Array, (value) => {
        const { micros } = value as DuckDBTimeValue;
        // The end of a day is a time of PostgreSQL's, and none of Arrow's.
        return micros < MICROS_OF_A_DAY ? micros : null;
      });
    case DuckDBTypeId.TIMESTAMP_S:
      return timestamps(name, type, TimeUnit.SECOND, 'seconds');
    case DuckDBTypeId.TIMESTAMP_MS:
      return timestamps(name, type, TimeUnit.MILLISECOND, 'millis');
    case DuckDBTypeId.TIMESTAMP:
      return timestamps(name, type, TimeUnit.MICROSECOND, 'micros');
    case DuckDBTypeId.TIMESTAMP_NS:
      return timestamps(name, type, TimeUnit.NANOSECOND, 'nanos');
    case DuckDBTypeId.TIMESTAMP_TZ:
      return timestamps(name, type, TimeUnit.MICROSECOND, 'micros', 'UTC');
    default:
      return null;
  }
}

const MICROS_OF_A_DAY = 86_400_000_000n;

type FixedArray<V> = new (length: number) => Record<number, V> & ArrayBufferView;

function plain<V extends number | bigint>(type: DataType, Values: FixedArray<V>): ArrowColumn {
  return {
    type,
    dataOf(values) {
      const data = new Values(values.length);
      for (const [at, value] of values.entries()) if (value !== null) data[at] = value as V;
      return makeData({ type, ...validityOf(values), data } as Parameters<typeof makeData>[0]);
    },
  };
}

function truths(): ArrowColumn {
  const type = new Bool();
  return {
    type,
    dataOf: (values) =>
      makeData({ type, ...validityOf(values), data: bitsOf(values, (value) => value === true) }),
  };
}

const MAX_DIGITS = 38;

function decimals(
  name: string,
  digits: number,
  scale: number,
  read: (value: DuckDBValue) => bigint,
): ArrowColumn {
  const type = new Decimal(scale, digits, 128);
  const beyond = 10n ** BigInt(digits);
  return {
    type,
    dataOf(values) {
      const data = new BigUint64Array(values.length * 2);
      for (const [at, value] of values.entries()) {
        if (value === null) continue;
        const number = read(value);
        if (number >= beyond || number <= -beyond) {
          throw noPlaceFor(name, String(number), `an integer of at most ${String(digits)} digits`);
        }
        data[at * 2] = BigInt.asUintN(64, number);
        data[at * 2 + 1] = BigInt.asUintN(64, number >> 64n);
      }
      return makeData({ type, ...validityOf(values), data: new Uint32Array(data.buffer) });
    },
  };
}

function timestamps(
  name: string,
  type: DuckDBType,
  unit: TimeUnit,
  field: string,
  zone: string | null = null,
): ArrowColumn {
  return times(
    name,
    type,
    new Timestamp(unit, zone),
    BigInt64Array,
    (value) => (value as unknown as Readonly<Record<string, bigint>>)[field] ?? null,
  );
}

/** @param read null where Arrow has no such time */
function times<V extends number | bigint>(
  name: string,
  type: DuckDBType,
  arrow: DataType,
  Values: FixedArray<V>,
  read: (value: Exclude<DuckDBValue, null>) => V | null,
): ArrowColumn {
  return {
    type: arrow,
    dataOf(values) {
      const data = new Values(values.length);
      for (const [at, value] of values.entries()) {
        if (value === null) continue;
        const isFinite = (value as { readonly isFinite?: boolean }).isFinite !== false;
        const number = isFinite ? read(value) : null;
        if (number === null) throw noPlaceFor(name, cellText(value, type) ?? '', 'a finite time');
        data[at] = number;
      }
      return makeData({ type: arrow, ...validityOf(values), data } as Parameters<
        typeof makeData
      >[0]);
    },
  };
}

function noPlaceFor(name: string, value: string, expected: string): TierdError {
  return new TierdError({
    code: 'QUERY_FAILED',
    message: `Arrow has no value for ${value} in the column ${JSON.stringify(name)}, where it holds ${expected}. What was written is not the whole answer.`,
    hint: `Cast the column to varchar, leave such rows out, or choose another format.`,
    context: { column: name, value },
  });
}
