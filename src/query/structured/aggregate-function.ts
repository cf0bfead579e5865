/** What can be asked of many rows at once. */
import { quoteName } from '../sql/sql-text.ts';
import { columnNamed, type DatasetShape, invalid } from './dataset-shape.ts';

export interface AggregateFunction {
  /** In the answer: `count`, `sum_volume`. */
  readonly name: string;
  readonly sql: string;
  readonly column: string | null;
}

export const NUMERIC = /^(SMALLINT|INTEGER|UINTEGER|BIGINT|FLOAT|DOUBLE|DECIMAL\(.*)$/;
const FUNCTIONS = ['count', 'count_distinct', 'sum', 'avg', 'min', 'max', 'first', 'last'];

/** By time, and by the key among rows of one time. NULL is no value that could be first. */
export function firstOf(shape: DatasetShape, column: string): string {
  return `arg_min(${quoteName(column)}, ${placeOf(shape)})`;
}

export function lastOf(shape: DatasetShape, column: string): string {
  return `arg_max(${quoteName(column)}, ${placeOf(shape)})`;
}

function placeOf({ time, key }: DatasetShape): string {
  return `row(${[...new Set([time.name, ...key])].map(quoteName).join(', ')})`;
}

/** @throws TierdError QUERY_INVALID */
export function aggregateFunction(shape: DatasetShape, typed: string): AggregateFunction {
  const [, name = '', argument] = /^([a-z_]+)(?:\((.+)\))?$/s.exec(typed) ?? [];
  if (!FUNCTIONS.includes(name)) {
    throw invalid(
      `fn: ${JSON.stringify(typed.slice(0, 60))} is no function that can be asked for. Nothing was read.`,
      `There are count, and of a column ${FUNCTIONS.map((one) => `${one}(…)`).join(', ')}.`,
    );
  }
  if (argument === undefined) {
    if (name === 'count') return { name, sql: 'count(*)', column: null };
    throw invalid(`fn: ${name} needs a column. Nothing was read.`, `Write ${name}(column).`);
  }
  const { name: column, type } = columnNamed(shape, argument, 'fn');
  if ((name === 'sum' || name === 'avg') && !NUMERIC.test(type)) {
    throw invalid(
      `fn: ${column} is ${type} in an answer, which has no ${name}. Nothing was read.`,
      'A numeric without a precision is held as text: see docs/types.md; in SQL it can be cast.',
    );
  }
  return { name: `${name}_${column}`, sql: sqlOf(shape, name, column), column };
}

function sqlOf(shape: DatasetShape, name: string, column: string): string {
  if (name === 'first') return firstOf(shape, column);
  if (name === 'last') return lastOf(shape, column);
  if (name === 'count_distinct') return `count(distinct ${quoteName(column)})`;
  return `${name}(${quoteName(column)})`;
}
