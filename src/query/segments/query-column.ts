/** A column as a query sees it. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { ColdColumn } from './cold-catalog.ts';

/**
 * The text of a `jsonb` is JSON again. That of a `json` stays text: PostgreSQL takes what DuckDB does
 * not, such as half a surrogate pair, and no value may be out of reach.
 */
export function columnOf(plan: ColumnPlan): ColdColumn {
  const isJson = plan.held.kind === 'jsonb' && plan.duckdbType === 'VARCHAR';
  return isJson ? { ...plan, viewType: 'JSON' } : plan;
}
