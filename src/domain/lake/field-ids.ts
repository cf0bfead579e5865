/**
 * Which field id each column of a table has (I13). The ledger remembers them; this decides who is
 * who when the table is looked at again.
 *
 * Within one table PostgreSQL never gives a column's number (`attnum`) to another, so the number
 * tells a renamed column from a new one, and a name that was dropped and added again from the old.
 * A dump and restore makes another table and counts anew: there only the name tells.
 */
import type { ColumnPlan } from '../columns/column-plan.ts';

export interface PlacedColumn {
  readonly name: string;
  /** As `format_type` has it. */
  readonly postgresType: string;
  readonly attnum: number;
}

export interface PlacedColumns {
  /** Of the table itself: no restored, copied or recreated table has the same. */
  readonly tableIdentity: string;
  readonly columns: readonly PlacedColumn[];
}

export interface FieldColumn extends PlacedColumn {
  readonly fieldId: number;
  readonly tableIdentity: string;
}

/** A column that the ledger knows. */
export interface KnownColumn extends FieldColumn {
  readonly isDropped: boolean;
  /** What it was called when it got its id. */
  readonly firstName: string;
}

/** The columns of the table as it is, in its order, each with its id. */
export function assignFieldIds(
  known: readonly KnownColumn[],
  { tableIdentity, columns }: PlacedColumns,
): readonly FieldColumn[] {
  let lastId = Math.max(0, ...known.map(({ fieldId }) => fieldId));
  return columns.map((column) => {
    const same = known.find((one) => isSame(one, column, tableIdentity));
    // The first ids are PostgreSQL's own numbers; later ones follow the largest ever given.
    const fieldId = same?.fieldId ?? (known.length === 0 ? column.attnum : (lastId += 1));
    return { ...column, fieldId, tableIdentity };
  });
}

function isSame(known: KnownColumn, column: PlacedColumn, tableIdentity: string): boolean {
  if (known.tableIdentity === tableIdentity) return known.attnum === column.attnum;
  return !known.isDropped && known.name === column.name;
}

/** Whether the ledger knows the table as it is, so that there is nothing to write. */
export function areRecorded(
  known: readonly KnownColumn[],
  fields: readonly FieldColumn[],
): boolean {
  const current = known.filter(({ isDropped }) => !isDropped);
  return (
    current.length === fields.length &&
    fields.every((field) =>
      current.some(
        (one) =>
          one.fieldId === field.fieldId &&
          one.name === field.name &&
          one.postgresType === field.postgresType &&
          one.attnum === field.attnum &&
          one.tableIdentity === field.tableIdentity,
      ),
    )
  );
}

export function withFieldIds(
  plans: readonly ColumnPlan[],
  fields: readonly FieldColumn[],
): readonly ColumnPlan[] {
  const ids = new Map(fields.map(({ name, fieldId }) => [name, fieldId]));
  return plans.map((plan) => {
    const fieldId = ids.get(plan.name);
    if (fieldId === undefined) throw new RangeError(`column ${plan.name} has no field id`);
    return { ...plan, fieldId };
  });
}
