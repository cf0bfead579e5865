/** The names that an expression sees: the columns of FROM, and those of the questions around it. */

import { type Expression, quoteIdentifier, type Scale, typed } from './expression.ts';
import type { OutputColumn } from './output-column.ts';
import type { PgTypeName } from './pg-types.ts';
import { SqlRefusal } from './sql-refusal.ts';

export interface ScopeColumn {
  readonly name: string;
  /** How DuckDB names it, with its relation. */
  readonly sql: string;
  readonly type: PgTypeName;
  readonly typmod: number;
  readonly scale: Scale;
  /** Seen where it is named, and no part of `*`. */
  readonly isHidden?: true;
}

export interface ScopeRelation {
  readonly alias: string;
  readonly columns: readonly ScopeColumn[];
  /** Columns that USING merged with those of another relation: seen by a qualified name only. */
  readonly merged: ReadonlySet<string>;
  /** Columns of a join itself, seen without a name of a relation. */
  readonly isJoin?: boolean;
}

export interface CommonTable {
  readonly name: string;
  readonly sqlName: string;
  readonly columns: readonly OutputColumn[];
}

export interface Scope {
  readonly relations: readonly ScopeRelation[];
  readonly commonTables: readonly CommonTable[];
  readonly outer: Scope | null;
  /** Named windows. */
  readonly windows: ReadonlyMap<string, object>;
  /** Where an aggregate or a window function can't stand, the place's name. */
  readonly without: string | null;
}

export const EMPTY_SCOPE: Scope = {
  relations: [],
  commonTables: [],
  outer: null,
  windows: new Map(),
  without: null,
};

const asExpression = (column: ScopeColumn): Expression => typed(column.sql, column.type, column);

/** @throws SqlRefusal 42703, 42702, 42P01 */
export function findColumn(
  scope: Scope,
  names: readonly string[],
  location: number | undefined,
): Expression {
  const [column = '', relation] = names.toReversed();
  if (names.length > 3)
    throw new SqlRefusal('42703', `column ${names.join('.')} does not exist`, { location });
  let isRelationKnown = relation === undefined;
  for (let each: Scope | null = scope; each !== null; each = each.outer) {
    const relations = each.relations.filter(
      ({ alias }) => relation === undefined || alias === relation,
    );
    if (relation !== undefined && relations.length > 0) isRelationKnown = true;
    const found = relations.flatMap(({ columns, merged }) =>
      columns.filter(
        ({ name }) => name === column && (relation !== undefined || !merged.has(name)),
      ),
    );
    const [first] = found;
    if (found.length > 1) {
      throw new SqlRefusal('42702', `column reference "${column}" is ambiguous`, { location });
    }
    if (first !== undefined) return { ...asExpression(first), location };
    // The nearest relation of that name is the one that is meant.
    if (relation !== undefined && relations.length > 0) break;
  }
  if (!isRelationKnown) {
    throw new SqlRefusal('42P01', `missing FROM-clause entry for table "${String(relation)}"`, {
      location,
    });
  }
  throw new SqlRefusal('42703', `column ${names.map(quoteIfNeeded).join('.')} does not exist`, {
    location,
  });
}

/** All columns, in the order of `*`. @throws SqlRefusal 42P01 */
export function starColumns(
  { relations }: Scope,
  relation: string | null,
  location: number | undefined,
): readonly ScopeColumn[] {
  if (relation === null) {
    if (relations.length === 0) {
      throw new SqlRefusal('42601', 'SELECT * with no tables specified is not valid', { location });
    }
    return relations.flatMap(({ columns, merged }) =>
      columns.filter(({ name, isHidden }) => !merged.has(name) && isHidden !== true),
    );
  }
  const found = relations.find(({ alias, isJoin }) => alias === relation && isJoin !== true);
  if (found === undefined) {
    throw new SqlRefusal('42P01', `missing FROM-clause entry for table "${relation}"`, {
      location,
    });
  }
  return found.columns.filter(({ isHidden }) => isHidden !== true);
}

export function findCommonTable(scope: Scope, name: string): CommonTable | null {
  for (let each: Scope | null = scope; each !== null; each = each.outer) {
    const found = each.commonTables.findLast((one) => one.name === name);
    if (found !== undefined) return found;
  }
  return null;
}

function quoteIfNeeded(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? `"${name}"` : quoteIdentifier(name);
}
