/** Rows as COPY … TO STDOUT gives them: lines of text or CSV, or PostgreSQL's binary form of a file. */
import type { WriteRows } from '../write-rows.ts';
import type { Cells } from './cells.ts';
import { type CellColumn, cellsOf } from './column-cells.ts';
import { chunksOf } from './column-chunks.ts';
import type { DescribedColumn } from './find-types.ts';
import { message, PART_BYTES, postgresColumns, writeFields } from './postgres-format.ts';
import { BINARY_FORMAT, type CopyFormat, TEXT_FORMAT } from './postgres-reply.ts';
import { RowBytes } from './row-bytes.ts';

export function writeCopy(
  copy: CopyFormat,
  timeZone: string,
  described: readonly DescribedColumn[] | null,
): WriteRows {
  return async (source, sink) => {
    const isBinary = copy.format === 'binary';
    const format = isBinary ? BINARY_FORMAT : TEXT_FORMAT;
    const columns = postgresColumns(source.columns, described, [format]);
    const cells = columns.map((column, at) => cellsOf(column, at, timeZone));
    const out = new RowBytes();
    writeCopyOut(out, columns.length, format);
    const file = isBinary ? binaryFile(cells) : textFile(copy, columns, cells);
    file.begin(out);
    let rows = 0;
    for await (const chunk of chunksOf(source)) {
      for (const one of cells) one.take(chunk);
      for (let row = 0; row < chunk.rows; row += 1) {
        file.row(out, row);
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
  row(out: RowBytes, row: number): void;
  end(out: RowBytes): void;
}

const BINARY_SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const COPY_DATA = 'd'.charCodeAt(0);

function binaryFile(cells: readonly Cells[]): CopyFile {
  return {
    begin(out) {
      message(out, 'd', () => {
        out.raw(BINARY_SIGNATURE);
        // No flags, and no more of a header.
        out.int32(0);
        out.int32(0);
      });
    },
    row: (out, row) => writeFields(out, COPY_DATA, cells, row),
    end(out) {
      message(out, 'd', () => out.int16(-1));
    },
  };
}

type TextFormat = Exclude<CopyFormat, { format: 'binary' }>;

/** Of a message, before a line. */
const HEAD_BYTES = 5;
const NEWLINE = 0x0a;

function textFile(
  copy: TextFormat,
  columns: readonly CellColumn[],
  cells: readonly Cells[],
): CopyFile {
  const isCsv = copy.format === 'csv';
  const isAlone = columns.length === 1;
  const isForced = columns.map(({ name }) => copy.quoted === 'all' || copy.quoted.includes(name));
  const field = (text: string, mustQuote: boolean): string =>
    isCsv ? csvField(copy, text, mustQuote, isAlone) : escaped(text, copy.delimiter);
  const looked = bytesToLookAt(copy);
  const delimiter = copy.delimiter.charCodeAt(0);
  const none = Buffer.from(copy.null);
  return {
    begin(out) {
      if (!copy.hasHeader) return;
      const names = columns.map(({ name }) => field(name, false));
      message(out, 'd', () => out.text(`${names.join(copy.delimiter)}\n`));
    },
    row(out, row) {
      const from = out.at;
      out.reserve(HEAD_BYTES);
      out.bytes[from] = COPY_DATA;
      out.at = from + HEAD_BYTES;
      for (let at = 0; at < cells.length; at += 1) {
        if (at > 0) out.byte(delimiter);
        const begin = out.at;
        if (cells[at]?.write(row, out) !== true) {
          out.raw(none);
        } else if (
          isForced[at] === true ||
          // It may be what stands for a null.
          (isCsv && out.at - begin === none.length) ||
          out.hasAny(looked, begin)
        ) {
          const text = out.bytes.toString('utf8', begin, out.at);
          out.at = begin;
          out.text(field(text, isForced[at] === true));
        }
      }
      out.byte(NEWLINE);
      out.int32At(out.at - from - 1, from + 1);
    },
    end: () => undefined,
  };
}

/** Where a field has one of these it may have to be written otherwise. */
function bytesToLookAt(copy: TextFormat): Uint8Array {
  const letters =
    copy.format === 'csv'
      ? `\r\n\\${copy.delimiter}${copy.quote}${copy.escape}`
      : `${Object.keys(LETTERS).join('')}\\${copy.delimiter}`;
  const looked = new Uint8Array(256);
  for (const byte of Buffer.from(letters)) looked[byte] = 1;
  return looked;
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
  { delimiter, quote, escape, null: none }: TextFormat,
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
