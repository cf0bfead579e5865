/** What of an aggregate each side computes by itself, so that the parts make the whole. */
import type { ColumnPlan, Held } from '../../domain/columns/column-plan.ts';
import type { ReadCondition } from '../exact/read-condition.ts';
import type { AstObject } from '../sql/sql-ast.ts';

/** A column of the parts. */
export interface Part {
  /** What DuckDB computes of the cold rows. */
  readonly cold: AstObject;
  readonly hot: HotPart;
  /** How PostgreSQL's answer comes over. */
  readonly held: Held;
  /** As it crosses. */
  readonly stagedType: string;
  /** As DuckDB's own part has it. */
  readonly type: string;
  /** As a person would write it. */
  readonly label: string;
}

export type HotPart =
  | { readonly kind: 'column'; readonly column: ColumnPlan }
  | { readonly kind: 'day'; readonly column: ColumnPlan }
  | { readonly kind: 'trunc'; readonly column: ColumnPlan; readonly unit: string }
  | { readonly kind: 'bucket'; readonly column: ColumnPlan; readonly widthUs: bigint }
  | { readonly kind: 'count'; readonly column: ColumnPlan | null; readonly filter: ReadCondition }
  | {
      readonly kind: 'min' | 'max' | 'bool_and' | 'bool_or';
      readonly column: ColumnPlan;
      readonly filter: ReadCondition;
    }
  /** The value of the row whose `by` is the least or the greatest. */
  | {
      readonly kind: 'at';
      readonly end: 'min' | 'max';
      readonly column: ColumnPlan;
      readonly by: ColumnPlan;
      readonly filter: ReadCondition;
    }
  | {
      readonly kind: 'sum';
      readonly column: ColumnPlan;
      readonly scale: number;
      readonly filter: ReadCondition;
    };

/** A SELECT that is made of parts. */
export interface PartedSelect {
  readonly keys: readonly Part[];
  readonly aggregates: readonly Part[];
  readonly condition: ReadCondition;
  /** Its SELECT list, HAVING and what orders and limits it, over the parts. */
  readonly select: {
    readonly select_list: readonly AstObject[];
    readonly modifiers: readonly AstObject[];
    readonly having?: AstObject;
  };
}

/** An aggregate as its parts, and what makes the whole of them. */
export interface ReadAggregate {
  readonly parts: readonly Part[];
  readonly whole: AstObject;
}
