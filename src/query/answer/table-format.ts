/** A result for the eye: aligned columns, cut to the width of the terminal. */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { countOf } from '../../domain/count.ts';
import { cellText } from './cell.ts';
import { cutTo, displayWidth, printable } from './display-text.ts';
import { fitColumns, GAP } from './fit-columns.ts';
import type { RowSource } from './row-source.ts';
import type { WriteRows } from './write-rows.ts';

/** Column widths are those of the first rows; memory stays bounded however many follow. */
const MEASURED_ROWS = 1000;
/** Of the columns that are not shown, so many are named. */
const NAMED_COLUMNS = 6;

/**
 * @param terminalWidth null where there is no terminal: then nothing is cut
 * @param note told once, at the end, where not all is shown
 */
export function writeTable(
  terminalWidth: number | null,
  note: (text: string) => void = () => undefined,
): WriteRows {
  return async (source, sink) => {
    const { columns } = source;
    const isRight = columns.map(({ type }) => isNumber(type));
    const names = columns.map(({ name }) => printable(name));
    let measured: readonly number[] | undefined;
    let waiting: string[][] = [];
    let rows = 0;
    let hasCut = false;
    const lineOf = (cells: readonly string[], widths: readonly number[]) => {
      const fields = widths.map((width, index) => {
        const cell = cells[index] ?? '';
        const cut = terminalWidth === null ? cell : cutTo(cell, width);
        hasCut ||= cut !== cell;
        const blank = ' '.repeat(Math.max(0, width - displayWidth(cut)));
        return isRight[index] === true ? blank + cut : cut + blank;
      });
      return `${fields.join(GAP).trimEnd()}\n`;
    };
    const head = (widths: readonly number[]) =>
      lineOf(names, widths) +
      lineOf(
        widths.map((width) => '─'.repeat(width)),
        widths,
      );
    const flush = async () => {
      const begin = measured === undefined;
      const widths = (measured ??= fitColumns(
        measure([names, ...waiting]).map((natural, index) => ({
          natural,
          isNumber: isRight[index] === true,
        })),
        terminalWidth,
      ));
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
    const said = noteOf(names.slice(measured?.length ?? 0), hasCut);
    if (said !== null) note(said);
    return rows;
  };
}

/** Nobody may take what is shown for the whole. */
function noteOf(hidden: readonly string[], hasCut: boolean): string | null {
  if (hidden.length === 0 && !hasCut) return null;
  const named = hidden.slice(0, NAMED_COLUMNS).join(', ');
  const more = hidden.length > NAMED_COLUMNS ? ', …' : '';
  const what = [
    ...(hidden.length === 0
      ? []
      : [`${countOf(hidden.length, 'column')} did not fit (${named}${more})`]),
    ...(hasCut ? ['long values end with …'] : []),
  ];
  return `this terminal is too narrow for the table: ${what.join(', and ')}. The format expanded shows all of each row, csv writes it.`;
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

function measure(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(cell));
    });
  }
  return widths;
}

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
