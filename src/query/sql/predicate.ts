/**
 * What a WHERE clause says of the columns of one dataset, as far as it was understood. A row that
 * passes the WHERE clause passes the predicate; not the other way round.
 */
import type { AstObject } from './sql-ast.ts';

export type ComparisonOperator = '=' | '<' | '<=' | '>' | '>=';

/** `column op constant`, or `column::date op constant`. Never true where the column is null. */
export interface Comparison {
  readonly kind: 'compare';
  /** As the dataset spells it. */
  readonly column: string;
  readonly asDate: boolean;
  readonly operator: ComparisonOperator;
  /** An expression without columns, which means the same whenever the query evaluates it. */
  readonly constant: AstObject;
}

/** `column is null`, or `is not null`. */
export interface NullTest {
  readonly kind: 'null';
  /** As the dataset spells it. */
  readonly column: string;
  readonly isNull: boolean;
}

export type Predicate =
  /** Not understood, or nothing said: any row may pass. */
  | { readonly kind: 'any' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Predicate[] }
  | Comparison
  | NullTest;

export const ANY: Predicate = { kind: 'any' };

export function allOf(predicates: readonly Predicate[]): Predicate {
  const telling = predicates.filter((predicate) => predicate.kind !== 'any');
  const [only] = telling;
  if (only === undefined) return ANY;
  return telling.length === 1 ? only : { kind: 'and', of: telling };
}

export function oneOf(predicates: readonly Predicate[]): Predicate {
  const [only] = predicates;
  if (only === undefined || predicates.some((predicate) => predicate.kind === 'any')) return ANY;
  return predicates.length === 1 ? only : { kind: 'or', of: predicates };
}

/** Every comparison in it, in a fixed order. */
export function comparisonsIn(predicate: Predicate): readonly Comparison[] {
  return testsIn(predicate).filter((test) => test.kind === 'compare');
}

/** All that is asked of a single column, in a fixed order. */
export function testsIn(predicate: Predicate): readonly (Comparison | NullTest)[] {
  switch (predicate.kind) {
    case 'any':
      return [];
    case 'compare':
    case 'null':
      return [predicate];
    case 'and':
    case 'or':
      return predicate.of.flatMap(testsIn);
  }
}

/** The part of it that speaks of these columns: every row that passes the whole passes it. */
export function ofColumns(predicate: Predicate, wants: (column: string) => boolean): Predicate {
  switch (predicate.kind) {
    case 'any':
      return ANY;
    case 'compare':
    case 'null':
      return wants(predicate.column) ? predicate : ANY;
    case 'and':
      return allOf(predicate.of.map((part) => ofColumns(part, wants)));
    case 'or':
      return oneOf(predicate.of.map((part) => ofColumns(part, wants)));
  }
}
