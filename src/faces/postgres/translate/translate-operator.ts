/** An operator as the parser has it: infix, a list, a range, a pattern. */
import type { A_Expr, Node } from 'libpg-query';
import { coerce } from './casts.ts';
import { compare, comparedAs } from './comparison.ts';
import type { Environment } from './environment.ts';
import { type Expression, typed } from './expression.ts';
import { knownFields } from './known-fields.ts';
import { arrayItems } from './literal.ts';
import { binary, inList, like, unary } from './operators.ts';
import { elementOf, isFloat, isInteger } from './pg-types.ts';
import { unsupported } from './sql-refusal.ts';
import { namesIn } from './walk.ts';

type Inner = (node: Node) => Expression;

/** @throws SqlRefusal */
export function binaryOf(node: A_Expr, inner: Inner, environment: Environment): Expression {
  knownFields(node, 'an operator', [
    'kind',
    'name',
    'lexpr',
    'rexpr',
    'rexpr_list_start',
    'rexpr_list_end',
  ]);
  const { kind, name = [], lexpr, rexpr, location } = node;
  const [operator = '', schema] = namesIn(name).toReversed();
  if (schema !== undefined && schema !== 'pg_catalog')
    throw unsupported(`the operator ${schema}.${operator}`, undefined, location);
  if (rexpr === undefined) throw unsupported('an operator behind its value', undefined, location);
  if (kind === 'AEXPR_OP' && lexpr === undefined) return unary(operator, inner(rexpr), environment);
  if (lexpr === undefined) throw unsupported('such an operator', undefined, location);
  switch (kind) {
    case 'AEXPR_OP':
      if ('RowExpr' in lexpr && 'RowExpr' in rexpr)
        return rows(operator, lexpr, rexpr, inner, environment, location);
      return binary(operator, inner(lexpr), inner(rexpr), environment, location);
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return likeOf(operator, lexpr, rexpr, inner, environment, location);
    case 'AEXPR_IN':
      return within(operator, lexpr, rexpr, inner, environment);
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
      return anyOf(
        operator,
        kind === 'AEXPR_OP_ALL',
        inner(lexpr),
        rexpr,
        inner,
        environment,
        location,
      );
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return distinct(kind === 'AEXPR_DISTINCT', inner(lexpr), inner(rexpr), environment, location);
    case 'AEXPR_NULLIF':
      return nullIf(inner(lexpr), inner(rexpr), environment, location);
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return between(kind, inner(lexpr), rexpr, inner, environment, location);
    case 'AEXPR_SIMILAR':
      throw unsupported('SIMILAR TO', 'Use LIKE, or ~ with a regular expression.', location);
    default:
      throw unsupported(`the operator ${operator}`, undefined, location);
  }
}

function rows(
  operator: string,
  left: Node,
  right: Node,
  inner: Inner,
  environment: Environment,
  location?: number,
): Expression {
  const items = (node: Node) => ('RowExpr' in node ? (node.RowExpr.args ?? []) : []);
  const [a, b] = [items(left), items(right)];
  if (!['=', '<>'].includes(operator) || a.length !== b.length || a.length === 0) {
    throw unsupported(`${operator} of rows`, 'Compare their parts, one by one.', location);
  }
  const each = a.map((item, index) => {
    const other = b[index];
    return other === undefined
      ? 'NULL'
      : compare('=', inner(item), inner(other), environment, location).sql;
  });
  const all = `(${each.join(' AND ')})`;
  return typed(operator === '=' ? all : `(NOT ${all})`, 'bool');
}

function likeOf(
  operator: string,
  lexpr: Node,
  rexpr: Node,
  inner: Inner,
  environment: Environment,
  location?: number,
): Expression {
  if ('FuncCall' in rexpr && namesIn(rexpr.FuncCall.funcname).at(-1) === 'like_escape') {
    const [pattern, escape] = rexpr.FuncCall.args ?? [];
    const sign = escape === undefined ? undefined : inner(escape).literal;
    if (pattern === undefined || sign?.length !== 1 || sign === "'") {
      throw unsupported('LIKE with such an ESCAPE', undefined, location);
    }
    return like(operator, inner(lexpr), inner(pattern), environment, sign);
  }
  return binary(operator, inner(lexpr), inner(rexpr), environment, location);
}

function within(
  operator: string,
  lexpr: Node,
  rexpr: Node,
  inner: Inner,
  environment: Environment,
): Expression {
  const items = 'List' in rexpr ? (rexpr.List.items ?? []) : [];
  const isNot = operator === '<>';
  if ('RowExpr' in lexpr) {
    const each = items.map((item) => rows('=', lexpr, item, inner, environment).sql);
    return typed(`(${isNot ? 'NOT ' : ''}(${each.join(' OR ')}))`, 'bool');
  }
  return inList(inner(lexpr), items.map(inner), isNot, environment);
}

/** `x = any(array)`, of a literal or a parameter: its items are compared one by one. */
function anyOf(
  operator: string,
  isAll: boolean,
  value: Expression,
  rexpr: Node,
  inner: Inner,
  environment: Environment,
  location: number | undefined,
): Expression {
  const array = itemsOf(rexpr, value, inner, environment, location);
  if (array === null) return typed('CAST(NULL AS BOOLEAN)', 'bool');
  if (array.length === 0) return typed(isAll ? 'TRUE' : 'FALSE', 'bool');
  if (operator === '=' && !isAll) return inList(value, array, false, environment);
  if (operator === '<>' && isAll) return inList(value, array, true, environment);
  const each = array.map((item) => binary(operator, value, item, environment, location).sql);
  return typed(`(${each.join(isAll ? ' AND ' : ' OR ')})`, 'bool');
}

function itemsOf(
  node: Node,
  value: Expression,
  inner: Inner,
  environment: Environment,
  location: number | undefined,
): readonly Expression[] | null {
  if ('A_ArrayExpr' in node) return (node.A_ArrayExpr.elements ?? []).map(inner);
  if ('TypeCast' in node && node.TypeCast.arg !== undefined && 'A_ArrayExpr' in node.TypeCast.arg) {
    const whole = inner(node);
    const element = elementOf(whole.type);
    if (element === null) throw unsupported('ANY of no array', undefined, location);
    return (node.TypeCast.arg.A_ArrayExpr.elements ?? []).map((item) =>
      coerce(inner(item), element, environment),
    );
  }
  const { text, element, isOpen } = arrayText(node, value, inner, environment);
  if (isOpen === true) return null;
  if (text === null) return null;
  const items = text === undefined ? null : arrayItems(text);
  if (items === null) {
    throw unsupported(
      'ANY of an array that is no literal and no parameter',
      'Use IN, or a join with unnest.',
      location,
    );
  }
  return items.map((item) => {
    const literal: Expression = { ...typed('NULL', 'unknown'), literal: item, location };
    return element === null ? literal : coerce(literal, element, environment);
  });
}

function arrayText(
  node: Node,
  value: Expression,
  inner: Inner,
  environment: Environment,
): { text: string | null | undefined; element: string | null; isOpen?: boolean } {
  if ('TypeCast' in node && node.TypeCast.arg !== undefined) {
    const typedAs = inner(node).type;
    return {
      ...arrayText(node.TypeCast.arg, value, inner, environment),
      element: elementOf(typedAs),
    };
  }
  const given = inner(node);
  const element = value.type === 'unknown' ? 'text' : value.type;
  if ('ParamRef' in node) {
    const number = node.ParamRef.number ?? 0;
    if (given.parameter !== undefined)
      environment.parameterAs(number, `${element}[]`, given.location);
    const known = elementOf(inner(node).type) ?? element;
    const text = environment.parameterText(number);
    return { text, element: known, isOpen: text === undefined };
  }
  return { text: given.type === 'unknown' ? given.literal : undefined, element };
}

function distinct(
  isDistinct: boolean,
  left: Expression,
  right: Expression,
  environment: Environment,
  location?: number,
): Expression {
  const equal = compare('=', left, right, environment, location);
  const word = isDistinct ? 'IS DISTINCT FROM' : 'IS NOT DISTINCT FROM';
  const isPlain = equal.sql.includes(' = ') && left.scale !== 'varies' && right.scale !== 'varies';
  if (!isPlain) throw unsupported('IS DISTINCT FROM of such values', undefined, location);
  const nulls = `((${sqlOf(left)}) IS NULL OR (${sqlOf(right)}) IS NULL)`;
  const both = `((${sqlOf(left)}) IS NULL AND (${sqlOf(right)}) IS NULL)`;
  const same = `CASE WHEN ${nulls} THEN ${both} ELSE ${equal.sql} END`;
  return typed(word === 'IS DISTINCT FROM' ? `(NOT ${same})` : `(${same})`, 'bool');
}

/** A parameter without a type has one now. */
function sqlOf({ sql, parameter }: Expression): string {
  return parameter === undefined ? sql : `$${String(parameter)}`;
}

const isTime = (type: string): boolean => ['date', 'timestamp', 'timestamptz'].includes(type);

function nullIf(
  left: Expression,
  right: Expression,
  environment: Environment,
  location?: number,
): Expression {
  const type = comparedAs(left.type, right.type, location);
  // Where an operator takes both types as they are, the first stays what it is.
  const isKept = [isInteger, isFloat, isTime].some((is) => is(left.type) && is(right.type));
  const value = coerce(left, isKept ? left.type : type, environment);
  const equal = compare('=', value, right, environment, location);
  return typed(
    `CASE WHEN ${equal.sql} THEN NULL ELSE ${value.sql} END`,
    value.type,
    value.type === left.type ? left : value,
  );
}

function between(
  kind: string,
  value: Expression,
  rexpr: Node,
  inner: Inner,
  environment: Environment,
  location: number | undefined,
): Expression {
  const [low, high] = ('List' in rexpr ? (rexpr.List.items ?? []) : []).map(inner);
  if (low === undefined || high === undefined)
    throw unsupported('such a BETWEEN', undefined, location);
  const inside = (from: Expression, to: Expression): string =>
    `(${compare('>=', value, from, environment, location).sql} AND ${compare('<=', value, to, environment, location).sql})`;
  const isSymmetric = kind.endsWith('_SYM');
  const range = isSymmetric ? `(${inside(low, high)} OR ${inside(high, low)})` : inside(low, high);
  return typed(kind.includes('NOT_') ? `(NOT ${range})` : range, 'bool');
}
