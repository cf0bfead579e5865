import type { ColumnPlan } from '../columns/column-plan.ts';
import type { TimeColumn } from '../table.ts';

type Known = Pick<ColumnPlan, 'name' | 'fieldId'>;

/**
 * The time column as rows were written with it: by another name where it was renamed since (I13).
 *
 * @param time of the table, with these columns
 * @param held the columns of a slice
 */
export function ownTimeColumn(
  time: TimeColumn,
  columns: readonly Known[],
  held: readonly Known[],
): TimeColumn {
  const fieldId = columns.find(({ name }) => name === time.name)?.fieldId;
  const own = held.find((column) => fieldId !== undefined && column.fieldId === fieldId);
  return own === undefined ? time : { ...time, name: own.name };
}
