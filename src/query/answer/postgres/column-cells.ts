/** How the values of a column are written: out of the engine's memory where its type is one of the usual ones. */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { binaryWriter } from './binary-values.ts';
import { type Cells, ValueCells } from './cells.ts';
import { BINARY_FORMAT } from './postgres-reply.ts';
import type { PostgresType } from './postgres-type.ts';
import { textWriter } from './text-values.ts';
import {
  BinaryDates,
  BinaryTimestamps,
  BooleanCells,
  ReversedCells,
  UuidCells,
} from './vectors/fixed-cells.ts';
import {
  BigintText,
  DecimalText,
  DoubleText,
  decimalSource,
  type IntegerArray,
  IntegerText,
  MOST_SCALE,
} from './vectors/number-cells.ts';
import { BinaryNumerics, MOST_BINARY_SCALE } from './vectors/numeric-cells.ts';
import { StringCells } from './vectors/string-cells.ts';
import { DateTextCells, TimestampText } from './vectors/time-cells.ts';

export interface CellColumn {
  readonly name: string;
  /** What the client is told. */
  readonly type: PostgresType;
  readonly held: DuckDBType;
  readonly format: number;
}

/** @throws TierdError QUERY_NOT_ALLOWED for a type whose binary form is not made here */
export function cellsOf(column: CellColumn, at: number, timeZone: string): Cells {
  const { name, type, held, format } = column;
  const isBinary = format === BINARY_FORMAT;
  const others = new ValueCells(
    at,
    isBinary ? binaryWriter(held, type, name) : textWriter(held, timeZone, type.name),
  );
  const made = isBinary
    ? binaryCells(held, type, at, others)
    : textCells(held, type, at, timeZone, others);
  return made ?? others;
}

const INTEGERS: ReadonlyMap<DuckDBTypeId, IntegerArray> = new Map<DuckDBTypeId, IntegerArray>([
  [DuckDBTypeId.TINYINT, Int8Array],
  [DuckDBTypeId.SMALLINT, Int16Array],
  [DuckDBTypeId.INTEGER, Int32Array],
  [DuckDBTypeId.UTINYINT, Uint8Array],
  [DuckDBTypeId.USMALLINT, Uint16Array],
  [DuckDBTypeId.UINTEGER, Uint32Array],
]);

function textCells(
  held: DuckDBType,
  { name }: PostgresType,
  at: number,
  timeZone: string,
  others: Cells,
): Cells | null {
  switch (held.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return new BooleanCells(at, false, others);
    case DuckDBTypeId.BIGINT:
      return new BigintText(at, others);
    case DuckDBTypeId.DOUBLE:
      return new DoubleText(at, others);
    case DuckDBTypeId.DECIMAL:
      return held.scale > MOST_SCALE
        ? null
        : new DecimalText(at, decimalSource(held.width, held.scale), others);
    case DuckDBTypeId.DATE:
      return new DateTextCells(at, others);
    case DuckDBTypeId.TIMESTAMP:
      return new TimestampText(at, null, others);
    case DuckDBTypeId.TIMESTAMP_TZ:
      return new TimestampText(at, timeZone, others);
    case DuckDBTypeId.UUID:
      return new UuidCells(at, false, others);
    case DuckDBTypeId.VARCHAR:
      // Whose text is another than the one that is held.
      return name === 'inet' ? null : new StringCells(at, null, others);
    default: {
      const arrayOf = INTEGERS.get(held.typeId);
      return arrayOf === undefined ? null : new IntegerText(at, arrayOf, others);
    }
  }
}

/** Of the engine's types whose bytes are those of the type that the client is told. */
const REVERSED: ReadonlyMap<DuckDBTypeId, readonly [string, number]> = new Map([
  [DuckDBTypeId.SMALLINT, ['smallint', 2]],
  [DuckDBTypeId.INTEGER, ['integer', 4]],
  [DuckDBTypeId.BIGINT, ['bigint', 8]],
  [DuckDBTypeId.FLOAT, ['real', 4]],
  [DuckDBTypeId.DOUBLE, ['double precision', 8]],
] as const);

const TEXTS: ReadonlySet<string> = new Set([
  'text',
  'character varying',
  'character',
  'bpchar',
  'name',
  'json',
  'xml',
]);
const JSONB_VERSION = 1;

function binaryCells(
  held: DuckDBType,
  { name, isEnum }: PostgresType,
  at: number,
  others: Cells,
): Cells | null {
  switch (held.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return name === 'boolean' ? new BooleanCells(at, true, others) : null;
    case DuckDBTypeId.DECIMAL:
      return name !== 'numeric' || held.scale > MOST_BINARY_SCALE
        ? null
        : new BinaryNumerics(at, decimalSource(held.width, held.scale), others);
    case DuckDBTypeId.DATE:
      return name === 'date' ? new BinaryDates(at, others) : null;
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return name.startsWith('timestamp ') ? new BinaryTimestamps(at, others) : null;
    case DuckDBTypeId.UUID:
      return name === 'uuid' ? new UuidCells(at, true, others) : null;
    case DuckDBTypeId.VARCHAR:
      if (name === 'jsonb') return new StringCells(at, JSONB_VERSION, others);
      return TEXTS.has(name) || isEnum === true ? new StringCells(at, null, others) : null;
    default: {
      const [of, bytes] = REVERSED.get(held.typeId) ?? ['', 0];
      return of === name ? new ReversedCells(at, bytes, others) : null;
    }
  }
}
