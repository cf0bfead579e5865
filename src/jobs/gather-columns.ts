import type pg from 'pg';
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import { type ColumnRefusal, planColumns } from '../domain/columns/plan-columns.ts';
import type { Dataset } from '../domain/dataset.ts';
import { withFieldIds } from '../domain/lake/field-ids.ts';
import type { TableDescription } from '../domain/table.ts';
import { type FieldIds, gatherFieldIds } from './rotation/plan/field-ids.ts';

export interface GatheredColumns {
  /** As a segment would hold them, each with its field id; without those that are refused. */
  readonly columns: readonly ColumnPlan[];
  readonly refusals: readonly ColumnRefusal[];
  readonly fieldIds: FieldIds;
}

/** How the columns of a dataset's table are held in the lake. Reads and decides; changes nothing (I7). */
export async function gatherColumns(
  db: pg.Client,
  dataset: Pick<Dataset, 'name' | 'columns' | 'portable'>,
  table: TableDescription,
): Promise<GatheredColumns> {
  const fieldIds = await gatherFieldIds(db, dataset.name, table);
  const { columns, refusals } = planColumns(table.columns, dataset.columns, dataset.portable);
  return { columns: withFieldIds(columns, fieldIds.fields), refusals, fieldIds };
}
