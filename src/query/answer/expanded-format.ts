/** A result for the eye where rows are wide: each row is a block, each column a line of it, whole. */
import { cellText } from './cell.ts';
import { displayWidth, printable } from './display-text.ts';
import type { WriteRows } from './write-rows.ts';

const GAP = '  ';
/** Of the line above a row. */
const RULE_WIDTH = 24;

export const writeExpanded: WriteRows = async (source, sink) => {
  const names = source.columns.map(({ name }) => printable(name));
  const nameWidth = Math.max(0, ...names.map(displayWidth));
  const labels = names.map((name) => name + ' '.repeat(nameWidth - displayWidth(name)) + GAP);
  let rows = 0;
  for await (const chunk of source.chunks) {
    const blocks = chunk.map((row) => {
      rows += 1;
      const lines = source.columns.map(({ type }, index) => {
        const text = cellText(row[index] ?? null, type);
        const shown = text === null ? 'NULL' : printable(text);
        return `${labels[index] ?? ''}${shown}`.trimEnd();
      });
      return [`─ row ${String(rows)} `.padEnd(RULE_WIDTH, '─'), ...lines, ''].join('\n');
    });
    await sink.write(blocks.join(''));
  }
  return rows;
};
