/** The table that rows of the lake come into, as it is or as it will be made. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import type { TargetColumn } from '../../domain/plan/restore-columns.ts';
import { formatTable, type TableDescription } from '../../domain/table.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { findTable, targetColumns } from '../../hot/write/restore-target.ts';
import type { FieldIds } from '../rotation/plan/field-ids.ts';
import type { RestoreRequest } from './rooms.ts';

export interface Target {
  /** Of the table that rows go into; null where it has yet to be made. */
  readonly table: TableDescription | null;
  readonly name: string;
  readonly columns: readonly TargetColumn[];
}

export async function lookAtTarget(
  db: pg.Client,
  dataset: Dataset,
  own: TableDescription,
  { into }: RestoreRequest,
  { fields }: FieldIds,
): Promise<Target> {
  const ids = new Map(fields.map(({ name, fieldId }) => [name, fieldId]));
  const ownColumns = await targetColumns(db, own.oid, ids);
  if (into === null) return { table: own, name: formatTable(own.ref), columns: ownColumns };
  if ((await findTable(db, into)) === null) {
    // LIKE makes ordinary columns of those that are computed here.
    const columns = ownColumns.map((column) => ({ ...column, generated: false }));
    return { table: null, name: formatTable(into), columns };
  }
  const table = await describeTable(db, into, dataset.timeColumn, dataset.timeUnit);
  const byName = await targetColumns(db, table.oid, null);
  // A copy of the table as it is now was made by its field ids, and is gone on with by them.
  const columns = haveSameColumns(byName, ownColumns)
    ? await targetColumns(db, table.oid, ids)
    : byName;
  return { table, name: formatTable(into), columns };
}

function haveSameColumns(some: readonly TargetColumn[], others: readonly TargetColumn[]): boolean {
  const listed = (columns: readonly TargetColumn[]): string =>
    JSON.stringify(columns.map(({ name, typeName }) => [name, typeName]));
  return listed(some) === listed(others);
}
