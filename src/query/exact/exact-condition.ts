/**
 * A condition that means to PostgreSQL exactly what it means to DuckDB, for every row, null among the
 * answers. Unlike a `HotPredicate`, which may pass more: whoever counts rows there looks at none here.
 */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';

export type ExactOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type ExactCondition =
  | { readonly kind: 'true' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly ExactCondition[] }
  | { readonly kind: 'not'; readonly of: ExactCondition }
  | { readonly kind: 'is null'; readonly column: ColumnPlan }
  /** A boolean column by itself. */
  | { readonly kind: 'flag'; readonly column: ColumnPlan }
  | ExactComparison;

export interface ExactComparison {
  readonly kind: 'compare';
  readonly column: ColumnPlan;
  /** The day of it is compared. */
  readonly asDate: boolean;
  readonly operator: ExactOperator;
  readonly value: ExactValue;
  /** To PostgreSQL texts of other bytes can be equal in the column. */
  readonly isFolded: boolean;
}

/** What PostgreSQL makes the value of; a null compares as null. */
export interface ExactValue {
  readonly text: string | null;
  readonly type:
    | 'bigint'
    | 'numeric'
    | 'float4'
    | 'float8'
    | 'date'
    | 'timestamp'
    | 'timestamptz'
    | 'text'
    | 'uuid';
}
