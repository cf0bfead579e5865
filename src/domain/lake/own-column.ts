import type { ColumnPlan } from '../columns/column-plan.ts';

type Known = Pick<ColumnPlan, 'name' | 'fieldId'>;

/**
 * A column of the table as rows were written with it: by another name where it was renamed since, and not at all
 * where it was added since, or its name was another column's (I13).
 *
 * @param columns of the table
 * @param held the columns of a slice; those of before there were field ids are known by their names
 */
export function ownColumn<Held extends Known>(
  name: string,
  columns: readonly Known[],
  held: readonly Held[],
): Held | undefined {
  const fieldId = columns.find((column) => column.name === name)?.fieldId;
  return held.find((column) =>
    fieldId === undefined || column.fieldId === undefined
      ? column.name === name
      : column.fieldId === fieldId,
  );
}
