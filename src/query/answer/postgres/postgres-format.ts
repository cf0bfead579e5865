/** Rows as the messages of PostgreSQL's protocol: what the columns are, then each row in one. */
import type { ResultColumn } from '../row-source.ts';
import type { WriteRows } from '../write-rows.ts';
import type { Cells } from './cells.ts';
import { type CellColumn, cellsOf } from './column-cells.ts';
import { chunksOf } from './column-chunks.ts';
import type { DescribedColumn } from './find-types.ts';
import { type PostgresReply, TEXT_FORMAT } from './postgres-reply.ts';
import { builtIn, postgresTypeOf } from './postgres-type.ts';
import { RowBytes } from './row-bytes.ts';

/** @param shown what is known of the columns beside the engine's types; null where nothing is */
export function postgresColumns(
  columns: readonly ResultColumn[],
  shown: readonly DescribedColumn[] | null,
  formats: readonly number[],
): readonly CellColumn[] {
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

function writeRowDescription(out: RowBytes, columns: readonly Omit<CellColumn, 'held'>[]): void {
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

/** So much is handed on at once. */
export const PART_BYTES = 128 * 1024;

export function writePostgres({ formats, timeZone, columns: described }: PostgresReply): WriteRows {
  return async (source, sink) => {
    const columns = postgresColumns(source.columns, described, formats);
    const cells = columns.map((column, at) => cellsOf(column, at, timeZone));
    const out = new RowBytes();
    writeRowDescription(out, columns);
    let rows = 0;
    for await (const chunk of chunksOf(source)) {
      for (const one of cells) one.take(chunk);
      for (let row = 0; row < chunk.rows; row += 1) {
        writeFields(out, DATA_ROW, cells, row);
        if (out.at >= PART_BYTES) await sink.write(out.take());
      }
      rows += chunk.rows;
    }
    if (out.at > 0) await sink.write(out.take());
    return rows;
  };
}

/** Of a message, before its fields: its letter, its length, and how many there are. */
const HEAD_BYTES = 7;
const LENGTH_BYTES = 4;
const DATA_ROW = 'D'.charCodeAt(0);

/** One row as a message of this letter: the number of fields, and each with its length before it. */
export function writeFields(
  out: RowBytes,
  letter: number,
  cells: readonly Cells[],
  row: number,
): void {
  const from = out.at;
  out.reserve(HEAD_BYTES);
  out.bytes[from] = letter;
  out.bytes[from + 5] = cells.length >> 8;
  out.bytes[from + 6] = cells.length;
  out.at = from + HEAD_BYTES;
  for (const one of cells) {
    const begin = out.at;
    out.reserve(LENGTH_BYTES);
    out.at = begin + LENGTH_BYTES;
    out.int32At(one.write(row, out) ? out.at - begin - LENGTH_BYTES : -1, begin);
  }
  out.int32At(out.at - from - 1, from + 1);
}
