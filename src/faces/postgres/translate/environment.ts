/** What the translation of one statement knows, and what it finds out on its way. */
import type { Node, SelectStmt } from 'libpg-query';
import type { Catalogue } from './catalogue.ts';
import type { Expression } from './expression.ts';
import type { OutputColumn } from './output-column.ts';
import type { PgTypeName } from './pg-types.ts';
import type { Scope } from './scope.ts';

/** A question inside or outside of another, in DuckDB's words. */
export interface TranslatedQuery {
  readonly sql: string;
  readonly columns: readonly OutputColumn[];
}

export interface Environment {
  readonly catalogue: Catalogue;
  /** Whether texts in the order of their bytes are in the order that the asker expects. */
  readonly isTextOrdered: boolean;
  /** A name that nothing else in the statement has. */
  fresh(prefix: string): string;
  parameter(number: number, location: number | undefined): Expression;
  /** Gives it the type, if it has none yet. */
  parameterAs(number: number, type: PgTypeName, location: number | undefined): Expression;
  /** Its value where one is bound: undefined where not, null for NULL. */
  parameterText(number: number): string | null | undefined;
  expression(node: Node, scope: Scope): Expression;
  query(tree: SelectStmt, outer: Scope): TranslatedQuery;
}
