/** json, ndjson and csv: each row is written as it comes. */
import { cellJson, cellText } from './cell.ts';
import type { ResultColumn } from './row-source.ts';
import type { WriteRows } from './write-rows.ts';

/** One document: an array of one object for each row. */
export const writeJson: WriteRows = async (source, sink) => {
  let rows = 0;
  await sink.write('[');
  for await (const chunk of source.chunks) {
    const text = chunk.map((row) => jsonObject(source.columns, row)).join(',\n');
    await sink.write(`${rows === 0 ? '\n' : ',\n'}${text}`);
    rows += chunk.length;
  }
  await sink.write(rows === 0 ? ']\n' : '\n]\n');
  return rows;
};

/** One object for each line. */
export const writeNdjson: WriteRows = async (source, sink) => {
  let rows = 0;
  for await (const chunk of source.chunks) {
    await sink.write(chunk.map((row) => `${jsonObject(source.columns, row)}\n`).join(''));
    rows += chunk.length;
  }
  return rows;
};

/**
 * RFC 4180 with a header. NULL is an empty field and an empty text is `""`, which is how
 * PostgreSQL's `COPY … (FORMAT csv)` tells them apart too.
 */
export const writeCsv: WriteRows = async (source, sink) => {
  const { columns } = source;
  let rows = 0;
  await sink.write(csvLine(columns.map((column) => csvField(column.name))));
  for await (const chunk of source.chunks) {
    const lines = chunk.map((row) =>
      csvLine(columns.map(({ type }, index) => csvField(cellText(row[index] ?? null, type)))),
    );
    await sink.write(lines.join(''));
    rows += chunk.length;
  }
  return rows;
};

function jsonObject(columns: readonly ResultColumn[], row: RowOf): string {
  const members = columns.map(
    ({ name, type }, index) => `${JSON.stringify(name)}:${cellJson(row[index] ?? null, type)}`,
  );
  return `{${members.join(',')}}`;
}

type RowOf = Parameters<typeof cellJson>[0][] | readonly Parameters<typeof cellJson>[0][];

function csvField(text: string | null): string {
  if (text === null) return '';
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csvLine(fields: readonly string[]): string {
  return `${fields.join(',')}\r\n`;
}
