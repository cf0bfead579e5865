/** Rows as COPY … TO STDOUT gives them: lines of text or CSV, or PostgreSQL's binary form of a file. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { WriteRows } from '../write-rows.ts';
import { binaryWriter } from './binary-values.ts';
import { chunksOf } from './column-chunks.ts';
import type { DescribedColumn } from './find-types.ts';
import { message, type PostgresColumn, postgresColumns } from './postgres-format.ts';
import type { CopyFormat } from './postgres-reply.ts';
import { RowBytes } from './row-bytes.ts';
import { columnText, type TextOf, type WriteValue } from './text-values.ts';

/** So much is handed on at once. */
const PART_BYTES = 128 * 1024;

export function writeCopy(
  copy: CopyFormat,
  timeZone: string,
  described: readonly DescribedColumn[] | null,
): WriteRows {
  return async (source, sink) => {
    const columns = postgresColumns(source.columns, described, []);
    const out = new RowBytes();
    writeCopyOut(out, columns.length, copy.format === 'binary' ? 1 : 0);
    const file =
      copy.format === 'binary'
        ? binaryFile(columns)
        : textFile(copy, columns, timeZone, copy.format === 'csv');
    file.begin(out);
    let rows = 0;
    for await (const chunk of chunksOf(source)) {
      for (let row = 0; row < chunk.rows; row += 1) {
        message(out, 'd', () =>
          file.row(
            out,
            chunk.columns.map((column) => column.getItem(row)),
          ),
        );
        if (out.at >= PART_BYTES) await sink.write(out.take());
      }
      rows += chunk.rows;
    }
    file.end(out);
    if (out.at > 0) await sink.write(out.take());
    return rows;
  };
}

/** CopyOutResponse. */
function writeCopyOut(out: RowBytes, columns: number, format: number): void {
  message(out, 'H', () => {
    out.byte(format);
    out.int16(columns);
    for (let at = 0; at < columns; at += 1) out.int16(format);
  });
}

interface CopyFile {
  begin(out: RowBytes): void;
  row(out: RowBytes, values: readonly DuckDBValue[]): void;
  end(out: RowBytes): void;
}

const BINARY_SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

function binaryFile(columns: readonly PostgresColumn[]): CopyFile {
  const writers = columns.map(({ held, type, name }): WriteValue => binaryWriter(held, type, name));
  return {
    begin(out) {
      message(out, 'd', () => {
        out.raw(BINARY_SIGNATURE);
        // No flags, and no more of a header.
        out.int32(0);
        out.int32(0);
      });
    },
    row(out, values) {
      out.int16(values.length);
      for (const [at, value] of values.entries()) {
        if (value === null) out.int32(-1);
        else out.measured(() => writers[at]?.(value, out));
      }
    },
    end(out) {
      message(out, 'd', () => out.int16(-1));
    },
  };
}

function textFile(
  copy: Exclude<CopyFormat, { format: 'binary' }>,
  columns: readonly PostgresColumn[],
  timeZone: string,
  isCsv: boolean,
): CopyFile {
  const texts = columns.map(({ held, type }): TextOf => columnText(held, timeZone, type.name));
  const isForced = columns.map(({ name }) => copy.quoted === 'all' || copy.quoted.includes(name));
  const field = (text: string, at: number, isAlone: boolean): string =>
    isCsv ? csvField(copy, text, isForced[at] === true, isAlone) : escaped(text, copy.delimiter);
  const line = (fields: readonly string[]): string => `${fields.join(copy.delimiter)}\n`;
  const isAlone = columns.length === 1;
  return {
    begin(out) {
      if (!copy.hasHeader) return;
      const names = columns.map(({ name }) =>
        isCsv ? csvField(copy, name, false, isAlone) : escaped(name, copy.delimiter),
      );
      message(out, 'd', () => out.text(line(names)));
    },
    row(out, values) {
      const fields = values.map((value, at) =>
        value === null ? copy.null : field(texts[at]?.(value) ?? '', at, isAlone),
      );
      out.text(line(fields));
    },
    end: () => undefined,
  };
}

const LETTERS: Readonly<Record<string, string>> = {
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\v': 'v',
};

function escaped(text: string, delimiter: string): string {
  const plain = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
    /[\\\b\f\n\r\t\v]/g,
    (letter) => `\\${LETTERS[letter] ?? letter}`,
  );
  return LETTERS[delimiter] === undefined ? plain.replaceAll(delimiter, `\\${delimiter}`) : plain;
}

function csvField(
  { delimiter, quote, escape, null: none }: Exclude<CopyFormat, { format: 'binary' }>,
  text: string,
  isForced: boolean,
  isAlone: boolean,
): string {
  const mustQuote =
    isForced ||
    text === none ||
    // By itself on a line it would end the file.
    (isAlone && text === '\\.') ||
    text.includes(delimiter) ||
    text.includes(quote) ||
    /[\r\n]/.test(text);
  if (!mustQuote) return text;
  const inner = text.replaceAll(escape, escape + escape);
  return quote + (escape === quote ? inner : inner.replaceAll(quote, escape + quote)) + quote;
}
