/**
 * A page of rows. Its order is by time, then by the unique key, then by what is shown: rows that are
 * alike in all of it can't be told apart by who reads them. So the next page begins behind the last
 * row's time and key and so many rows that have both, wherever they lie by then.
 */
import type { RowsAsk } from '../../domain/ask/structured-ask.ts';
import type { PageEnd } from '../answer/hidden-columns.ts';
import { quoteName } from '../sql/sql-text.ts';
import { type CompiledAsk, conditionsOf, Parameters, whereOf } from './compiled.ts';
import { type Cursor, cursorText, questionOf, readCursor } from './cursor.ts';
import { columnNamed, type DatasetShape, timeColumnOf } from './dataset-shape.ts';

export function compileRows(shape: DatasetShape, ask: RowsAsk): CompiledAsk {
  const shown = shownColumns(shape, ask);
  const keys = [...new Set([timeColumnOf(shape).name, ...shape.key])];
  const question = questionOf({ ...ask, limit: null, cursor: null, shown, keys });
  const cursor = ask.cursor === null ? null : readCursor(ask.cursor, question, keys.length);
  const parameters = new Parameters();
  const conditions = [
    // Rows without a time would have no place in the order; they never leave PostgreSQL.
    `${quoteName(timeColumnOf(shape).name)} is not null`,
    ...conditionsOf(shape, ask, parameters),
    ...(cursor === null ? [] : behind(keys, cursor.values, ask.order, parameters)),
  ];
  const hidden = keys.map(
    (key, index) => `${quoteName(key)}::varchar as ${quoteName(hiddenName(index))}`,
  );
  const sql =
    `select ${[...shown.map(quoteName), ...hidden].join(', ')} from ${quoteName(shape.name)}` +
    `${whereOf(conditions)} order by ${orderOf(keys, shown, ask.order)}` +
    ` limit ${String(ask.limit)} offset ${String(cursor?.skip ?? 0)}`;
  return {
    sql,
    parameters: parameters.values,
    page: {
      hidden: hidden.length,
      nextCursor: (end) => nextCursor(ask, question, cursor, end),
    },
  };
}

/** No column of a table is called so. */
const hiddenName = (index: number): string => `tierd cursor ${String(index)}`;

function shownColumns(shape: DatasetShape, { columns }: RowsAsk): readonly string[] {
  const names = columns ?? shape.columns.map(({ name }) => name);
  return [...new Set(names)].map((name) => columnNamed(shape, name, 'columns').name);
}

function orderOf(keys: readonly string[], shown: readonly string[], order: 'asc' | 'desc'): string {
  const rest = shown.filter((name) => !keys.includes(name));
  return [...keys, ...rest].map((name) => `${quoteName(name)} ${order} nulls last`).join(', ');
}

/** At the last row's place or after it. The first condition alone is what prunes. */
function behind(
  keys: readonly string[],
  values: readonly (string | null)[],
  order: 'asc' | 'desc',
  parameters: Parameters,
): readonly string[] {
  const [time] = values;
  const beyond = order === 'asc' ? '>' : '<';
  const from = (at: number): string => {
    const name = quoteName(keys[at] ?? '');
    const value = values[at] ?? null;
    const isLast = at === keys.length - 1;
    const next = isLast ? null : from(at + 1);
    if (value === null) return next === null ? `${name} is null` : `(${name} is null and ${next})`;
    const equal = `${name} = ${parameters.add(value)}`;
    const after = `(${name} ${beyond} ${parameters.add(value)} or ${name} is null)`;
    return `(${after} or ${next === null ? equal : `(${equal} and ${next})`})`;
  };
  const prunes = `${quoteName(keys[0] ?? '')} ${beyond}= ${parameters.add(time ?? '')}`;
  return [prunes, from(0)];
}

function nextCursor(
  { limit }: RowsAsk,
  question: string,
  before: Cursor | null,
  { rows, last, alike }: PageEnd,
): string | null {
  if (rows < limit || last === null) return null;
  // A page of rows that are all alike, and like the last one before it.
  const goesOn = alike === rows && before?.values.every((value, at) => value === last[at]) === true;
  return cursorText(question, { values: last, skip: alike + (goesOn ? before.skip : 0) });
}
