import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { ownColumn } from '../../domain/lake/own-column.ts';
import type { RowCondition } from '../../domain/plan/row-condition.ts';
import { textOf } from '../../lake/count-values.ts';
import { quoteSqlName, quoteSqlText } from '../../lake/segment/duckdb.ts';

/** No name that a column is likely to have. */
const INTERVAL = quoteSqlName('tierd interval');

/** True of rows of these intervals. @param columns of the table */
export function intervalCondition(
  { name, intervalColumn }: { readonly name: string; readonly intervalColumn: string },
  columns: readonly ColumnPlan[],
  intervals: readonly string[],
): RowCondition {
  return {
    dataset: name,
    sql: `coalesce(${INTERVAL} in (${intervals.map(quoteSqlText).join(', ')}), false)`,
    seenOf: (held) => {
      const own = ownColumn(intervalColumn, columns, held);
      return `${own === undefined ? 'null::varchar' : textOf(own)} as ${INTERVAL}`;
    },
  };
}
