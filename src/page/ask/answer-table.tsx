/** The first rows of an answer. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { cellOf } from './question.ts';
import type { Row } from './read-answer.ts';
import type { Answer } from './use-question.ts';

export function AnswerTable({ answer }: { readonly answer: Answer }): JSX.Element | null {
  const { columns, rows } = answer;
  // Rows that are only counted change nothing here.
  const table = useMemo(() => tableOf(columns, rows), [columns, rows]);
  if (rows.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
    <div class="rows" tabIndex={0} role="region" aria-label="Rows of the answer">
      {table}
    </div>
  );
}

function tableOf(columns: readonly string[], rows: readonly Row[]): JSX.Element {
  const classes = columns.map((column) =>
    rows.every((row) => row[column] === null || typeof row[column] === 'number') ? 'number' : '',
  );
  return (
    <table>
      <thead>
        <tr>
          {columns.map((column, index) => (
            <th key={column} scope="col" class={classes[index] ?? ''}>
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows come in order and none goes.
          <tr key={index}>
            {columns.map((column, at) => {
              const { text, kind } = cellOf(row[column]);
              return (
                <td key={column} class={kind === 'null' ? 'quiet' : (classes[at] ?? '')}>
                  {text}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
