/** Rows that a deletion was to take and that are still there: a trigger kept them. */
import { agree, countOf } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import { sqlName, sqlTable } from '../../domain/sql-name.ts';
import { formatTable, type TableDescription, type TableRef } from '../../domain/table.ts';
import { formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import { findDeleteTriggers } from '../hazards/delete-triggers.ts';
import { countRows } from '../measure/measure.ts';
import { type RowFilter, rowsWhere } from '../measure/row-filter.ts';
import type { Queryable } from '../sql.ts';

/**
 * After a deletion that took fewer rows than were exported. Throws ROWS_KEPT where a trigger can have
 * kept them: exporting the slice again, as for rows that somebody changed, would come to the same.
 */
export async function assertNotKept(
  db: Queryable,
  table: TableDescription,
  range: TimeRange,
  filter: RowFilter | null,
): Promise<void> {
  const triggers = await findDeleteTriggers(db, [table.oid, ...table.parts.map(({ oid }) => oid)]);
  const keeping = triggers.find((each) => each.mayKeepRows);
  if (keeping === undefined) return;
  const left = await countRows(db, table, rowsWhere(table.timeColumn, range, filter));
  if (left === 0) return;
  throw rowsKept(table.ref, range, left, keeping);
}

function rowsKept(
  table: TableRef,
  range: TimeRange,
  left: number,
  { trigger, on }: { readonly trigger: string; readonly on: TableRef },
): TierdError {
  return new TierdError({
    code: 'ROWS_KEPT',
    message: `${countOf(left, 'row')} of ${formatTable(table)} ${formatRange(range)} ${agree(left, 'was', 'were')} still there when all had been deleted: trigger ${trigger} of ${formatTable(on)} fires before each row and can keep it; the removal was rolled back and nothing was deleted`,
    hint: `let its function pass tierd’s role (if current_user = '<role>' then return old), or: alter table ${sqlTable(on)} disable trigger ${sqlName(trigger)}`,
    context: { table: formatTable(table), trigger },
  });
}
