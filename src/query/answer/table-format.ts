/** A result for the eye: aligned columns, cut to the width of the terminal. */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { cellText } from './cell.ts';
import type { RowSource } from './row-source.ts';
import type { WriteRows } from './text-formats.ts';

/** Column widths are those of the first rows; memory stays bounded however many follow. */
const MEASURED_ROWS = 1000;
const GAP = '  ';
/** A column is not cut below this. */
const MIN_WIDTH = 4;

/** @param terminalWidth null where there is no terminal: then nothing is cut */
export function writeTable(terminalWidth: number | null): WriteRows {
  return async (source, sink) => {
    const { columns } = source;
    const alignRight = columns.map(({ type }) => isNumber(type));
    const names = columns.map(({ name }) => printable(name));
    let measured: readonly number[] | undefined;
    let waiting: string[][] = [];
    let rows = 0;
    const lineOf = (cells: readonly string[], widths: readonly number[]) =>
      line(cells, widths, alignRight, terminalWidth);
    const head = (widths: readonly number[]) =>
      lineOf(names, widths) +
      lineOf(
        widths.map((width) => '─'.repeat(width)),
        widths,
      );
    const flush = async () => {
      const begin = measured === undefined;
      const widths = (measured ??= fitWidths(measure([names, ...waiting]), terminalWidth));
      const body = waiting.map((row) => lineOf(row, widths)).join('');
      waiting = [];
      await sink.write(begin ? head(widths) + body : body);
    };
    for await (const chunk of cellRows(source)) {
      waiting.push(...chunk);
      rows += chunk.length;
      if (measured !== undefined || waiting.length >= MEASURED_ROWS) await flush();
    }
    await flush();
    return rows;
  };
}

async function* cellRows(source: RowSource): AsyncIterable<string[][]> {
  for await (const chunk of source.chunks) {
    yield chunk.map((row) =>
      source.columns.map(({ type }, index) => {
        const text = cellText(row[index] ?? null, type);
        return text === null ? 'NULL' : printable(text);
      }),
    );
  }
}

/** Data must not drive the terminal: control characters are shown, not sent. */
function printable(text: string): string {
  return text.replaceAll(CONTROL, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** C0, DEL, C1, and the characters that change the direction of what follows. */
const CONTROL = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

function measure(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(cell));
    });
  }
  return widths;
}

/** Takes from the widest until all fit. */
function fitWidths(widths: readonly number[], terminalWidth: number | null): number[] {
  const fitted = [...widths];
  if (terminalWidth === null) return fitted;
  const room = terminalWidth - GAP.length * (fitted.length - 1);
  let total = fitted.reduce((sum, width) => sum + width, 0);
  while (total > room) {
    const widest = fitted.indexOf(Math.max(...fitted));
    const width = fitted[widest] ?? 0;
    if (width <= MIN_WIDTH) break;
    fitted[widest] = width - 1;
    total -= 1;
  }
  return fitted;
}

function line(
  cells: readonly string[],
  widths: readonly number[],
  alignRight: readonly boolean[],
  terminalWidth: number | null,
): string {
  const fields = cells.map((cell, index) => {
    const width = widths[index] ?? 0;
    const cut = terminalWidth === null ? cell : cutTo(cell, width);
    const blank = ' '.repeat(Math.max(0, width - displayWidth(cut)));
    return alignRight[index] === true ? blank + cut : cut + blank;
  });
  return `${fields.join(GAP).trimEnd()}\n`;
}

function cutTo(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Near enough for a terminal: ideographs, kana, hangul and emoji take two cells, marks none. */
function characterWidth(character: string): number {
  if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

const NUMBERS = new Set<DuckDBTypeId>([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
]);

function isNumber(type: DuckDBType): boolean {
  return NUMBERS.has(type.typeId);
}
