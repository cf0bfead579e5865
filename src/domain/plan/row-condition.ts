import type { ColumnPlan } from '../columns/column-plan.ts';

/** Which rows of a dataset a person means, in DuckDB's words. */
export interface RowCondition {
  /** What the condition calls the rows. */
  readonly dataset: string;
  /** True of the rows that are meant and false of all others, never null. */
  readonly sql: string;
  /** What it sees of rows that were written with these columns: the list of a SELECT. */
  readonly seenOf: (columns: readonly ColumnPlan[]) => string;
}
