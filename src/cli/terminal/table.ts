/** Rows in columns: aligned with spaces, no lines and no tabs, so that it reads and greps alike. */
import type { Style } from './style.ts';
import { padTo, showControls, truncate, widthOf } from './text-width.ts';

export interface TableColumn {
  readonly title: string;
  /** Figures stand right, so that their digits line up. */
  readonly align?: 'left' | 'right';
}

/** A cell may come with the colour that it is to be painted in once it has its width. */
export type TableCell =
  | string
  | { readonly text: string; readonly paint: (text: string) => string };

const GAP = '  ';
/** Columns are not narrowed below this: a wrapped line can still be read, three letters can't. */
const MIN_WIDTH = 8;

/** The table without a trailing newline. On a terminal, columns are narrowed until it fits. */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
  style: Style,
): string {
  const titles = columns.map(({ title }) => title);
  const cells = rows.map((row) => columns.map((_, index) => showControls(textOf(row[index]))));
  const widths = fit(
    columns.map((_, index) =>
      Math.max(...[titles, ...cells].map((line) => widthOf(line[index] ?? ''))),
    ),
    style.width,
  );
  const renderLine = (
    line: readonly string[],
    paint: (text: string, column: number) => string,
  ): string =>
    columns
      .map(({ align = 'left' }, index) => {
        const width = widths[index] ?? 0;
        const text = truncate(line[index] ?? '', width);
        const isLast = index === columns.length - 1;
        // No spaces at the end of a line: they make a copied line wrap.
        const padded = isLast && align === 'left' ? text : padTo(text, width, align);
        return paint(padded, index);
      })
      .join(GAP)
      .trimEnd();

  const head = renderLine(titles, (text) => style.colour.bold(text));
  const body = cells.map((line, row) =>
    renderLine(line, (text, column) => {
      const cell = rows[row]?.[column];
      return typeof cell === 'object' ? cell.paint(text) : text;
    }),
  );
  return [head, ...body].join('\n');
}

/** Takes from the widest columns, one step at a time, until the line fits or nothing can give. */
function fit(natural: readonly number[], available: number | undefined): number[] {
  const widths = [...natural];
  if (available === undefined) return widths;
  const room = available - GAP.length * (widths.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= MIN_WIDTH) break;
    widths[widest] = width - 1;
    excess--;
  }
  return widths;
}

function textOf(cell: TableCell | undefined): string {
  return typeof cell === 'object' ? cell.text : (cell ?? '');
}
