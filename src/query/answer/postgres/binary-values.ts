/** Values in the binary form that PostgreSQL's own send functions give them. */
import {
  type DuckDBBlobValue,
  type DuckDBDateValue,
  type DuckDBDecimalValue,
  type DuckDBIntervalValue,
  type DuckDBListValue,
  type DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBUUIDValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { TierdError } from '../../../domain/errors.ts';
import { writeHex } from './binary-bytes.ts';
import { writeNumeric } from './binary-numeric.ts';
import { textInBinary } from './binary-texts.ts';
import { builtIn, type PostgresType } from './postgres-type.ts';
import { textWriter, type WriteValue } from './text-values.ts';

/** Days and microseconds from 1970 to 2000, where PostgreSQL's times begin. */
const DAYS_TO_2000 = 10_957;
const MICROS_TO_2000 = 946_684_800_000_000n;

const LAST_DAY = 2 ** 31 - 1;
const FIRST_DAY = -(2 ** 31);
const LAST_MICROS = 2n ** 63n - 1n;
const FIRST_MICROS = -(2n ** 63n);

/**
 * @param shown which type the client is told: its form is what the client reads
 * @throws TierdError QUERY_NOT_ALLOWED for a type whose binary form is not made here
 */
export function binaryWriter(type: DuckDBType, shown: PostgresType, column: string): WriteValue {
  const write = isList(type)
    ? arrayWriter(type, shown, column)
    : (ofText(type, shown) ?? BY_TYPE.get(shown.name)?.(type) ?? null);
  if (write === null) throw noBinary(column, shown.name);
  return write;
}

/** Some of the engine's integers are numbers of JavaScript. */
const wholeNumber = (value: DuckDBValue): bigint =>
  typeof value === 'bigint' ? value : BigInt(value as number);

function ofText({ typeId }: DuckDBType, shown: PostgresType): WriteValue | null {
  const write = typeId === DuckDBTypeId.VARCHAR ? textInBinary(shown) : null;
  return write === null ? null : (value, out) => write(value as string, out);
}

type MakeWriter = (type: DuckDBType) => WriteValue | null;

const asText: MakeWriter = (type) => textWriter(type, 'UTC');

const BY_TYPE: ReadonlyMap<string, MakeWriter> = new Map<string, MakeWriter>([
  ['boolean', () => (value, out) => out.byte(value === true ? 1 : 0)],
  ['smallint', () => (value, out) => out.int16(Number(value))],
  ['integer', () => (value, out) => out.int32(Number(value))],
  ['bigint', () => (value, out) => out.int64(wholeNumber(value))],
  ['oid', () => (value, out) => out.uint32(Number(value))],
  ['xid', () => (value, out) => out.uint32(Number(value))],
  ['cid', () => (value, out) => out.uint32(Number(value))],
  ['xid8', () => (value, out) => out.uint64(value as bigint)],
  ['real', () => (value, out) => out.float4(value as number)],
  ['double precision', () => (value, out) => out.float8(value as number)],
  ['numeric', numericWriter],
  ['bytea', () => (value, out) => out.raw((value as Pick<DuckDBBlobValue, 'bytes'>).bytes)],
  ['uuid', uuidWriter],
  ['date', dateWriter],
  ['time without time zone', () => (value, out) => out.int64((value as DuckDBTimeValue).micros)],
  ['timestamp without time zone', timestampWriter],
  ['timestamp with time zone', timestampWriter],
  ['interval', intervalWriter],
  ['jsonb', jsonbWriter],
  ...['text', 'character varying', 'character', 'bpchar', 'name', 'json', 'xml', 'refcursor'].map(
    (name): [string, MakeWriter] => [name, asText],
  ),
]);

function isList(type: DuckDBType): type is Extract<DuckDBType, { valueType: DuckDBType }> {
  return type.typeId === DuckDBTypeId.LIST || type.typeId === DuckDBTypeId.ARRAY;
}

function numericWriter(type: DuckDBType): WriteValue | null {
  switch (type.typeId) {
    case DuckDBTypeId.DECIMAL: {
      const { scale } = type;
      return (value, out) => writeNumeric(out, (value as DuckDBDecimalValue).value, scale);
    }
    default:
      return (value, out) => writeNumeric(out, value as bigint, 0);
  }
}

function uuidWriter(): WriteValue {
  return (value, out) => writeHex(out, (value as DuckDBUUIDValue).toString());
}

function dateWriter(type: DuckDBType): WriteValue | null {
  if (type.typeId !== DuckDBTypeId.DATE) return null;
  return (value, out) => {
    const { days, isFinite } = value as DuckDBDateValue;
    if (isFinite) out.int32(days - DAYS_TO_2000);
    else out.int32(days < 0 ? FIRST_DAY : LAST_DAY);
  };
}

function timestampWriter(type: DuckDBType): WriteValue | null {
  const microsOf = MICROS.get(type.typeId);
  if (microsOf === undefined) return null;
  return (value, out) => {
    const micros = microsOf(value as never);
    if ((value as { readonly isFinite: boolean }).isFinite) out.int64(micros - MICROS_TO_2000);
    else out.int64(micros < 0n ? FIRST_MICROS : LAST_MICROS);
  };
}

const MICROS: ReadonlyMap<DuckDBTypeId, (value: never) => bigint> = new Map([
  [DuckDBTypeId.TIMESTAMP, ({ micros }: { micros: bigint }) => micros],
  [DuckDBTypeId.TIMESTAMP_TZ, ({ micros }: { micros: bigint }) => micros],
  [DuckDBTypeId.TIMESTAMP_S, ({ seconds }: { seconds: bigint }) => seconds * 1_000_000n],
  [DuckDBTypeId.TIMESTAMP_MS, ({ millis }: { millis: bigint }) => millis * 1_000n],
] as [DuckDBTypeId, (value: never) => bigint][]);

function intervalWriter(type: DuckDBType): WriteValue | null {
  if (type.typeId !== DuckDBTypeId.INTERVAL) return null;
  return (value, out) => {
    const { months, days, micros } = value as DuckDBIntervalValue;
    out.int64(micros);
    out.int32(days);
    out.int32(months);
  };
}

const JSONB_VERSION = 1;

function jsonbWriter(type: DuckDBType): WriteValue | null {
  const text = asText(type);
  if (text === null) return null;
  return (value, out) => {
    out.byte(JSONB_VERSION);
    text(value, out);
  };
}

function arrayWriter(type: DuckDBType, shown: PostgresType, column: string): WriteValue | null {
  if (!shown.name.endsWith('[]')) return null;
  let item = type;
  let dimensions = 0;
  for (; isList(item); item = item.valueType) dimensions += 1;
  const itemType = builtIn(shown.name.slice(0, -2));
  const write = binaryWriter(item, itemType, column);
  return (value, out) => {
    const sizes = sizesOf(value, dimensions);
    const flat = flatten(value, dimensions);
    // An array without an element has no dimension.
    const shape = flat.length === 0 ? [] : sizes;
    out.int32(shape.length);
    out.int32(flat.includes(null) ? 1 : 0);
    out.uint32(itemType.oid);
    for (const size of shape) {
      out.int32(size);
      out.int32(1);
    }
    for (const one of flat) {
      if (one === null) out.int32(-1);
      else out.measured(() => write(one, out));
    }
  };
}

type Items = Pick<DuckDBListValue, 'items'>;

function sizesOf(value: DuckDBValue, dimensions: number): readonly number[] {
  const sizes: number[] = [];
  let inner = value;
  for (let depth = 0; depth < dimensions; depth += 1) {
    const items: readonly DuckDBValue[] = (inner as Items | null)?.items ?? [];
    sizes.push(items.length);
    inner = items[0] ?? null;
  }
  return sizes;
}

/** @throws TierdError where inner lists have other lengths: no array is so */
function flatten(value: DuckDBValue, dimensions: number): readonly DuckDBValue[] {
  if (dimensions === 0) return [value];
  const items: readonly DuckDBValue[] = (value as Items | null)?.items ?? [];
  const inner = items.map((item) => flatten(item, dimensions - 1));
  if (inner.some((one) => one.length !== inner[0]?.length)) {
    throw new TierdError({
      code: 'QUERY_FAILED',
      message: 'A list holds lists of other lengths, and no array of PostgreSQL does.',
      hint: 'Cast the column to json, or unnest it.',
    });
  }
  return inner.flat();
}

function noBinary(column: string, type: string): TierdError {
  return new TierdError({
    code: 'QUERY_NOT_ALLOWED',
    message: `The column ${JSON.stringify(column)} is ${type}, which is not given in binary form. Nothing was run.`,
    hint: 'Ask for it as text, or cast it: column::text.',
  });
}
