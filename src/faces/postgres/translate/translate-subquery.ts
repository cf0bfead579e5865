/** A question inside an expression. */
import type { SubLink } from 'libpg-query';
import { coerce } from './casts.ts';
import { comparedAs, rescaled } from './comparison.ts';
import type { Environment } from './environment.ts';
import { type Expression, typed } from './expression.ts';
import { knownFields } from './known-fields.ts';
import type { Scope } from './scope.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import { namesIn } from './walk.ts';

/** @throws SqlRefusal */
export function translateSubquery(
  node: SubLink,
  scope: Scope,
  environment: Environment,
): Expression {
  knownFields(node, 'a subquery', ['subLinkType', 'testexpr', 'operName', 'subselect']);
  const { subLinkType: kind, testexpr, operName = [], subselect, location } = node;
  if (subselect === undefined || !('SelectStmt' in subselect))
    throw unsupported('such a subquery', undefined, location);
  const query = environment.query(subselect.SelectStmt, scope);
  if (kind === 'EXISTS_SUBLINK') return typed(`EXISTS (${query.sql})`, 'bool');
  const [column] = query.columns;
  if (column === undefined || query.columns.length > 1) {
    throw new SqlRefusal('42601', 'subquery must return only one column', { location });
  }
  if (kind === 'EXPR_SUBLINK') return typed(`(${query.sql})`, column.type, column);
  if (
    (kind !== 'ANY_SUBLINK' && kind !== 'ALL_SUBLINK') ||
    testexpr === undefined ||
    'RowExpr' in testexpr
  ) {
    throw unsupported('such a subquery', undefined, location);
  }
  const operator = namesIn(operName).at(-1) ?? '=';
  const isPlain = kind === 'ANY_SUBLINK' && operator === '=';
  const isNone = kind === 'ALL_SUBLINK' && operator === '<>';
  if (!isPlain && !isNone)
    throw unsupported(
      `${operator} with ANY or ALL of a subquery`,
      'Use EXISTS, or min and max.',
      location,
    );
  const name = environment.fresh('s');
  const inner = typed(`${name}.c1`, column.type, column);
  const value = environment.expression(testexpr, scope);
  const type = comparedAs(value.type, column.type, location);
  const isVaried = column.scale === 'varies' || value.scale === 'varies';
  if (type === 'bpchar' || isVaried) {
    throw unsupported(
      'IN with a subquery of such values',
      'Cast both sides to one type.',
      location,
    );
  }
  const sides = [value, inner].map((side) => coerce(side, type, environment));
  const scale = Math.max(...sides.map((side) => (side.scale === 'varies' ? 0 : side.scale)));
  const [left, right] = sides.map((side) =>
    type === 'numeric' ? rescaled(side, scale) : side.sql,
  );
  const source = `(SELECT ${String(right)} FROM (${query.sql}) AS ${name}(c1))`;
  return typed(`(${String(left)} ${isNone ? 'NOT ' : ''}IN ${source})`, 'bool');
}
