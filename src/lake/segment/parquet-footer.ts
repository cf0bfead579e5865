/** A segment's footer, read by a reader that is not the one that wrote it. */
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  type SchemaElement,
} from 'hyparquet';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { ParquetCodec } from '../../domain/dataset.ts';
import { verifyMismatch } from './mismatch.ts';

export interface ExpectedFooter {
  readonly path: string;
  readonly rows: number;
  readonly columns: readonly ColumnPlan[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Null for a file of before: a dataset's codec may change. */
  readonly codec: ParquetCodec | null;
}

/** Statistics as the numbers that are stored, not as dates that hold less. */
const IDENTITY_PARSERS = {
  timestampFromMilliseconds: (millis: bigint) => millis,
  timestampFromMicroseconds: (micros: bigint) => micros,
  timestampFromNanoseconds: (nanos: bigint) => nanos,
  dateFromDays: (days: number) => days,
  stringFromBytes: (bytes: Uint8Array) => bytes,
  jsonFromBytes: (bytes: Uint8Array) => bytes,
  uuidFromBytes: (bytes: Uint8Array) => bytes,
};

/**
 * Throws VERIFY_MISMATCH where the footer can't be read.
 * @param firstBytes so much of the file's end is asked for at once
 */
export async function readFooter(
  file: AsyncBuffer,
  path: string,
  firstBytes = 512 * 1024,
): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(file, {
      parsers: IDENTITY_PARSERS,
      geoparquet: false,
      initialFetchSize: firstBytes,
    });
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    const expected = 'that of a Parquet file';
    throw verifyMismatch({ file: path, column: null, what: 'the footer', expected, found, cause });
  }
}

/** Throws VERIFY_MISMATCH where the footer promises something else than was written. */
export function checkFooter(footer: FileMetaData, expected: ExpectedFooter): void {
  const check = (column: string | null, what: string, want: string, found: string): void => {
    if (want === found) return;
    throw verifyMismatch({ file: expected.path, column, what, expected: want, found });
  };
  check(null, 'rows in the footer', String(expected.rows), String(footer.num_rows));
  const grouped = footer.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  check(null, 'rows in the row groups', String(expected.rows), String(grouped));
  const [, ...fields] = footer.schema;
  const names = (list: readonly { readonly name: string }[]): string =>
    JSON.stringify(list.map(({ name }) => name));
  check(null, 'columns', names(expected.columns), names(fields));
  expected.columns.forEach((plan, index) => {
    check(plan.name, 'type', parquetTypeOf(plan), describeType(fields[index]));
    check(plan.name, 'field id', idText(plan.fieldId), idText(fields[index]?.field_id));
  });
  if (expected.codec !== null) checkCodec(footer, expected.codec, check);
  const found = new Map(footer.key_value_metadata?.map(({ key, value }) => [key, value]));
  for (const [key, value] of Object.entries(expected.metadata)) {
    check(null, `metadata ${key}`, value, found.get(key) ?? 'nothing');
  }
}

function checkCodec(
  footer: FileMetaData,
  codec: ParquetCodec,
  check: (column: string | null, what: string, want: string, found: string) => void,
): void {
  for (const group of footer.row_groups) {
    for (const { meta_data: chunk } of group.columns) {
      const name = chunk?.path_in_schema.join('.') ?? null;
      check(name, 'compression', codec, chunk?.codec.toLowerCase() ?? 'none');
    }
  }
}

function idText(id: number | undefined): string {
  return String(id ?? 'none');
}

/** The physical type, and what it means. */
function describeType(element: SchemaElement | undefined): string {
  if (element === undefined) return 'nothing';
  const { type, converted_type: converted, logical_type: logical } = element;
  const decimal =
    converted === 'DECIMAL' ? `(${element.precision ?? 0},${element.scale ?? 0})` : '';
  const adjusted =
    logical !== undefined && 'isAdjustedToUTC' in logical
      ? `, UTC ${logical.isAdjustedToUTC ? 'yes' : 'no'}`
      : '';
  return `${type ?? 'group'} ${converted ?? logical?.type ?? 'plain'}${decimal}${adjusted}`;
}

/** What DuckDB writes for each kind: a table of its own, not read from what was written. */
function parquetTypeOf({ held, duckdbType }: ColumnPlan): string {
  switch (held.kind) {
    case 'bool':
      return 'BOOLEAN plain';
    case 'int2':
      return 'INT32 INT_16';
    case 'int4':
      return 'INT32 INT_32';
    case 'uint4':
      return 'INT32 UINT_32';
    case 'int8':
      return 'INT64 INT_64';
    case 'float4':
      return 'FLOAT plain';
    case 'float8':
      return 'DOUBLE plain';
    case 'decimal':
      return `${decimalStorage(held.width)} DECIMAL(${held.width},${held.scale})`;
    case 'date':
      return 'INT32 DATE';
    case 'time':
      return 'INT64 TIME_MICROS, UTC no';
    case 'timestamp':
      return 'INT64 TIMESTAMP_MICROS, UTC no';
    case 'timestamptz':
      return 'INT64 TIMESTAMP_MICROS, UTC yes';
    case 'uuid':
      return 'FIXED_LEN_BYTE_ARRAY UUID';
    case 'bytea':
      return 'BYTE_ARRAY plain';
    case 'json':
    case 'jsonb':
      // As segments from before were written.
      return duckdbType === 'JSON' ? 'BYTE_ARRAY JSON' : 'BYTE_ARRAY UTF8';
    case 'varchar':
    case 'text':
      return 'BYTE_ARRAY UTF8';
  }
}

function decimalStorage(width: number): string {
  if (width <= 9) return 'INT32';
  return width <= 18 ? 'INT64' : 'FIXED_LEN_BYTE_ARRAY';
}
