/** A question as SQL: names are quoted, values are parameters and nothing else. */
import type { ColumnFilter } from '../../domain/ask/structured-ask.ts';
import type { Page } from '../answer/hidden-columns.ts';
import type { ParameterValue } from '../sql/parameters.ts';
import { quoteName } from '../sql/sql-text.ts';
import { columnNamed, type DatasetShape, timeColumnOf } from './dataset-shape.ts';
import { timeText } from './time-text.ts';
import { valueText } from './value-text.ts';

export interface CompiledAsk {
  readonly sql: string;
  readonly parameters: readonly ParameterValue[];
  /** Null where it is no page of a longer answer. */
  readonly page: Page | null;
}

/** Numbers the parameters as they come. */
export class Parameters {
  readonly values: string[] = [];

  /** @returns `$1` */
  add(value: string): string {
    return `$${String(this.values.push(value))}`;
  }
}

/** @returns the conditions of the question, as many as there are */
export function conditionsOf(
  shape: DatasetShape,
  ask: {
    readonly filters: readonly ColumnFilter[];
    readonly from: string | null;
    readonly to: string | null;
  },
  parameters: Parameters,
): readonly string[] {
  const time = quoteName(timeColumnOf(shape).name);
  const bound = (operator: string, parameter: string, typed: string | null): readonly string[] =>
    typed === null
      ? []
      : [`${time} ${operator} ${parameters.add(timeText(shape, parameter, typed))}`];
  return [
    ...bound('>=', 'from', ask.from),
    ...bound('<', 'to', ask.to),
    ...ask.filters.map((filter) => equality(shape, filter, parameters)),
  ];
}

function equality(
  shape: DatasetShape,
  { column, values }: ColumnFilter,
  parameters: Parameters,
): string {
  const found = columnNamed(shape, column, 'parameter');
  const [only, ...more] = values.map((value) => parameters.add(valueText(found, value)));
  const name = quoteName(found.name);
  return more.length === 0
    ? `${name} = ${String(only)}`
    : `${name} in (${[only, ...more].join(', ')})`;
}

export function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
}
