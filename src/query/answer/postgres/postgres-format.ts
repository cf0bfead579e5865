/** Rows as the messages of PostgreSQL's protocol: what the columns are, then each row in one. */
import type { DuckDBType } from '@duckdb/node-api';
import type { ResultColumn } from '../row-source.ts';
import type { WriteRows } from '../write-rows.ts';
import { binaryWriter } from './binary-values.ts';
import { type ColumnChunk, chunksOf } from './column-chunks.ts';
import type { DescribedColumn } from './find-types.ts';
import { BINARY_FORMAT, type PostgresReply, TEXT_FORMAT } from './postgres-reply.ts';
import { builtIn, type PostgresType, postgresTypeOf } from './postgres-type.ts';
import { RowBytes } from './row-bytes.ts';
import { textWriter, type WriteValue } from './text-values.ts';

export interface PostgresColumn {
  readonly name: string;
  readonly type: PostgresType;
  readonly held: DuckDBType;
  readonly format: number;
}

/** @param shown what is known of the columns beside the engine's types; null where nothing is */
export function postgresColumns(
  columns: readonly ResultColumn[],
  shown: readonly DescribedColumn[] | null,
  formats: readonly number[],
): readonly PostgresColumn[] {
  return columns.map(({ name, type: held }, at) => {
    const known = shown?.length === columns.length ? shown[at] : undefined;
    return {
      name: known?.name ?? name,
      type: postgresTypeOf(held, known?.type ?? null),
      held,
      format: (formats.length === 1 ? formats[0] : formats[at]) ?? TEXT_FORMAT,
    };
  });
}

function writeRowDescription(
  out: RowBytes,
  columns: readonly Omit<PostgresColumn, 'held'>[],
): void {
  message(out, 'T', () => {
    out.int16(columns.length);
    for (const { name, type, format } of columns) {
      out.cString(name);
      // Of which table and column it is: of none that the client could look up.
      out.int32(0);
      out.int16(0);
      out.uint32(type.oid);
      out.int16(type.size);
      out.int32(type.modifier);
      out.int16(format);
    }
  });
}

/** What the parameters and columns of a question are before its values are known; all columns as text. */
export function writeDescription(
  parameterTypes: readonly number[],
  columns: readonly DescribedColumn[],
): Buffer {
  const out = new RowBytes();
  writeParameterDescription(out, parameterTypes);
  const text = builtIn('text');
  writeRowDescription(
    out,
    columns.map(({ name, type }) => ({
      name: name ?? '',
      type: type ?? text,
      format: TEXT_FORMAT,
    })),
  );
  return out.take();
}

function writeParameterDescription(out: RowBytes, oids: readonly number[]): void {
  message(out, 't', () => {
    out.int16(oids.length);
    for (const oid of oids) out.uint32(oid);
  });
}

/** @param letter its kind */
export function message(out: RowBytes, letter: string, write: () => void): void {
  out.byte(letter.charCodeAt(0));
  out.measured(write, LENGTH_BYTES);
}

const LENGTH_BYTES = 4;
/** So much is handed on at once. */
const PART_BYTES = 128 * 1024;

export function writePostgres({ formats, timeZone, columns: described }: PostgresReply): WriteRows {
  return async (source, sink) => {
    const columns = postgresColumns(source.columns, described, formats);
    const writers = columns.map((column) => writerOf(column, timeZone));
    const out = new RowBytes();
    writeRowDescription(out, columns);
    let rows = 0;
    for await (const chunk of chunksOf(source)) {
      for (let row = 0; row < chunk.rows; row += 1) {
        writeRow(out, writers, chunk.columns, row);
        if (out.at >= PART_BYTES) await sink.write(out.take());
      }
      rows += chunk.rows;
    }
    if (out.at > 0) await sink.write(out.take());
    return rows;
  };
}

function writerOf({ name, type, held, format }: PostgresColumn, timeZone: string): WriteValue {
  return format === BINARY_FORMAT
    ? binaryWriter(held, type, name)
    : textWriter(held, timeZone, type.name);
}

function writeRow(
  out: RowBytes,
  writers: readonly WriteValue[],
  columns: ColumnChunk['columns'],
  row: number,
): void {
  const from = out.at;
  out.reserve(7);
  out.bytes[from] = ROW;
  out.at = from + 5;
  out.int16(writers.length);
  for (let at = 0; at < writers.length; at += 1) {
    const value = columns[at]?.getItem(row) ?? null;
    if (value === null) {
      out.int32(-1);
      continue;
    }
    const begin = out.at;
    out.int32(0);
    writers[at]?.(value, out);
    out.bytes.writeInt32BE(out.at - begin - 4, begin);
  }
  out.bytes.writeInt32BE(out.at - from - 1, from + 1);
}

const ROW = 'D'.charCodeAt(0);
