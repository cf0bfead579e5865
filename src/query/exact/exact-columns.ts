/** Columns whose values PostgreSQL and DuckDB compare alike. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { quoteName } from '../../hot/quote.ts';
import { NotInParts } from '../partials/not-in-parts.ts';
import type { ViewSchema } from '../segments/view-schema.ts';
import type { HotTable } from '../stores.ts';

/** Not `character(n)`, whose blanks count here and not there. */
export const PLAIN_TEXT = /^(text|character varying)(\(\d+\))?$/;

export interface ExactColumns {
  /** @throws NotInParts where the table has no such column */
  readonly planOf: (column: string) => ColumnPlan;
  /** @throws NotInParts also where its values are not of one type on both sides */
  readonly valuePlanOf: (column: string) => ColumnPlan;
}

export function exactColumns(
  { columns }: Pick<HotTable, 'columns'>,
  schema: ViewSchema,
): ExactColumns {
  const planOf = (column: string): ColumnPlan => {
    const plan = columns.find(({ name }) => name === column);
    if (plan === undefined) throw new NotInParts(`the table has no column ${column} any more`);
    return plan;
  };
  return {
    planOf,
    valuePlanOf(column) {
      const plan = planOf(column);
      const isOneType = schema.get(column) === plan.duckdbType && plan.held.kind !== 'text';
      // A number that is held with fewer digits than it may have is checked when it is read, value by value.
      if (!isOneType || plan.select !== quoteName(column)) {
        throw new NotInParts(`${column} is ${plan.postgresType}, and not held as that`);
      }
      return plan;
    },
  };
}
