/** Which columns of a table a terminal has room for, and how wide each is then, pure. */

export interface TableColumnWidth {
  /** Of its name and of the rows that were measured. */
  readonly natural: number;
  /** The end of a number that is cut can't be guessed: it is shown whole or not at all. */
  readonly isNumber: boolean;
}

/** Between two columns. */
export const GAP = '  ';
/** A text is not cut below this: three letters say nothing. */
const MIN_WIDTH = 8;

/**
 * The widths of the columns that are shown: the first ones, as many as fit when each text is cut to its
 * least; then the widest texts give until all fit.
 *
 * @param terminalWidth null where there is no terminal: then nothing is cut
 */
export function fitColumns(
  columns: readonly TableColumnWidth[],
  terminalWidth: number | null,
): readonly number[] {
  if (terminalWidth === null) return columns.map(({ natural }) => natural);
  const shown = columns.slice(0, countFitting(columns, terminalWidth));
  const widths = shown.map(({ natural }) => Math.min(natural, terminalWidth));
  const room = terminalWidth - GAP.length * (widths.length - 1);
  let total = widths.reduce((sum, width) => sum + width, 0);
  while (total > room) {
    const widest = widestThatGives(shown, widths);
    if (widest === null) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    total -= 1;
  }
  return widths;
}

/** At least one: a table without columns says nothing. */
function countFitting(columns: readonly TableColumnWidth[], terminalWidth: number): number {
  let used = 0;
  for (const [index, column] of columns.entries()) {
    used += leastWidth(column) + (index === 0 ? 0 : GAP.length);
    if (used > terminalWidth) return Math.max(1, index);
  }
  return columns.length;
}

function leastWidth({ natural, isNumber }: TableColumnWidth): number {
  return isNumber ? natural : Math.min(natural, MIN_WIDTH);
}

function widestThatGives(
  columns: readonly TableColumnWidth[],
  widths: readonly number[],
): number | null {
  let widest: number | null = null;
  for (const [index, column] of columns.entries()) {
    const width = widths[index] ?? 0;
    if (width > leastWidth(column) && width > (widest === null ? 0 : (widths[widest] ?? 0))) {
      widest = index;
    }
  }
  return widest;
}
