/** An expression of PostgreSQL's, node by node. What isn't listed is refused by name. */
import type {
  A_ArrayExpr,
  A_Expr,
  BoolExpr,
  BooleanTest,
  CaseExpr,
  ColumnRef,
  MinMaxExpr,
  Node,
  NullTest,
  ParamRef,
  SQLValueFunction,
  TypeCast,
} from 'libpg-query';
import { cast, common } from './casts.ts';
import { condition } from './condition.ts';
import { enumPlace, labelAt } from './enums.ts';
import type { Environment } from './environment.ts';
import { castTo, type Expression, typed } from './expression.ts';
import { knownFields } from './known-fields.ts';
import { literalOf } from './literal.ts';
import { extremeVarying } from './numeric-sql.ts';
import { duckdbTypeOf, isEnum, isFloat } from './pg-types.ts';
import { findColumn, type Scope } from './scope.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import { assertSameOrder } from './text-order.ts';
import { translateCall } from './translate-call.ts';
import { translateConstant } from './translate-constant.ts';
import { binaryOf } from './translate-operator.ts';
import { translateSubquery } from './translate-subquery.ts';
import { translateType } from './translate-type.ts';
import { namesIn } from './walk.ts';

/** @throws SqlRefusal */
export function translateExpression(
  node: Node,
  scope: Scope,
  environment: Environment,
): Expression {
  const inner = (each: Node) => environment.expression(each, scope);
  if ('A_Const' in node) return translateConstant(node.A_Const);
  if ('ColumnRef' in node) return column(node.ColumnRef, scope);
  if ('ParamRef' in node) return parameter(node.ParamRef, environment);
  if ('TypeCast' in node) return typeCast(node.TypeCast, inner, environment);
  if ('A_Expr' in node) return binaryOf(node.A_Expr, inner, environment);
  if ('BoolExpr' in node) return logical(node.BoolExpr, inner, environment);
  if ('NullTest' in node) return nullTest(node.NullTest, inner);
  if ('BooleanTest' in node) return booleanTest(node.BooleanTest, inner, environment);
  if ('CaseExpr' in node) return caseOf(node.CaseExpr, inner, environment);
  if ('CoalesceExpr' in node) {
    const { args = [] } = knownFields(node.CoalesceExpr, 'COALESCE', ['args']);
    return coalesce(args.map(inner), environment);
  }
  if ('MinMaxExpr' in node) return minMax(node.MinMaxExpr, inner, environment);
  if ('FuncCall' in node) return translateCall(node.FuncCall, scope, environment);
  if ('SQLValueFunction' in node) return valueFunction(node.SQLValueFunction);
  if ('SubLink' in node) return translateSubquery(node.SubLink, scope, environment);
  if ('A_ArrayExpr' in node) return array(node.A_ArrayExpr, inner, environment);
  if ('CollateClause' in node) {
    const { arg, collname = [], location } = node.CollateClause;
    const name = namesIn(collname).at(-1) ?? '';
    if (!['C', 'POSIX', 'default', 'ucs_basic'].includes(name) || arg === undefined) {
      throw unsupported(
        `the collation ${name}`,
        'Texts are compared by their bytes here: COLLATE "C".',
        location,
      );
    }
    return inner(arg);
  }
  const [kind = ''] = Object.keys(node);
  const { location } = Object.values(node)[0] as { location?: number };
  throw unsupported(NAMES[kind] ?? kind, undefined, location);
}

const NAMES: Readonly<Record<string, string>> = {
  RowExpr: 'a row as a value',
  A_Indirection: 'a part of an array or a row',
  GroupingFunc: 'GROUPING',
  XmlExpr: 'XML',
  MultiAssignRef: 'an assignment',
  SetToDefault: 'DEFAULT',
  JsonFuncExpr: 'a function of JSON',
  JsonIsPredicate: 'IS JSON',
  NamedArgExpr: 'an argument by its name',
};

function column({ fields = [], location }: ColumnRef, scope: Scope): Expression {
  if (fields.some((field) => 'A_Star' in field))
    throw unsupported('* as a value', undefined, location);
  return findColumn(scope, namesIn(fields), location);
}

function parameter({ number = 0, location }: ParamRef, environment: Environment): Expression {
  return environment.parameter(number, location);
}

type Inner = (node: Node) => Expression;

function typeCast(node: TypeCast, inner: Inner, environment: Environment): Expression {
  const { arg, typeName, location } = knownFields(node, 'a cast', ['arg', 'typeName']);
  if (arg === undefined || typeName === undefined) throw unsupported('such a cast');
  const { type, typmod } = translateType(typeName, environment.catalogue);
  if (
    'A_ArrayExpr' in arg &&
    type.endsWith('[]') &&
    (arg.A_ArrayExpr.elements ?? []).length === 0
  ) {
    return typed(`CAST([] AS ${duckdbTypeOf(type)})`, type);
  }
  if ('A_Const' in arg && arg.A_Const.fval?.fval !== undefined && isFloat(type)) {
    return literalOf(arg.A_Const.fval.fval, type, location);
  }
  const value = inner(arg);
  if (value.type.endsWith('*')) {
    if (type === 'text') return typed(value.sql, 'text');
    if (type === 'numeric' && value.type === 'numeric*' && typmod >= 0)
      return cast({ ...value, type }, type, typmod, environment);
    throw unsupported(
      `a cast of ${value.type.slice(0, -1)}`,
      'The column is held as its text: show it as it is, or cast it to text; a numeric also to numeric(38,10).',
      location,
    );
  }
  return { ...cast(value, type, typmod, environment), location };
}

function logical(node: BoolExpr, inner: Inner, environment: Environment): Expression {
  const { boolop, args = [] } = knownFields(node, 'a condition', ['boolop', 'args']);
  const word = boolop === 'AND_EXPR' ? 'AND' : boolop === 'OR_EXPR' ? 'OR' : 'NOT';
  const sides = args.map((arg) => condition(inner(arg), word, environment));
  if (word === 'NOT') return typed(`(NOT ${String(sides[0])})`, 'bool');
  return typed(`(${sides.join(` ${word} `)})`, 'bool');
}

function nullTest(node: NullTest, inner: Inner): Expression {
  const { arg, nulltesttype } = knownFields(node, 'IS NULL', ['arg', 'nulltesttype']);
  if (arg === undefined) throw unsupported('such a test');
  const { sql } = inner(arg);
  return typed(`((${sql}) IS ${nulltesttype === 'IS_NOT_NULL' ? 'NOT ' : ''}NULL)`, 'bool');
}

const TESTS: Readonly<Record<string, string>> = {
  IS_TRUE: 'IS NOT DISTINCT FROM TRUE',
  IS_NOT_TRUE: 'IS DISTINCT FROM TRUE',
  IS_FALSE: 'IS NOT DISTINCT FROM FALSE',
  IS_NOT_FALSE: 'IS DISTINCT FROM FALSE',
  IS_UNKNOWN: 'IS NULL',
  IS_NOT_UNKNOWN: 'IS NOT NULL',
};

function booleanTest(node: BooleanTest, inner: Inner, environment: Environment): Expression {
  const { arg, booltesttype = '' } = knownFields(node, 'IS TRUE', ['arg', 'booltesttype']);
  const test = TESTS[booltesttype];
  if (arg === undefined || test === undefined) throw unsupported('such a test');
  return typed(`(${condition(inner(arg), 'IS', environment)} ${test})`, 'bool');
}

function caseOf(node: CaseExpr, inner: Inner, environment: Environment): Expression {
  const { arg, args = [], defresult } = knownFields(node, 'CASE', ['arg', 'args', 'defresult']);
  const whens = args.map((each) => {
    if (!('CaseWhen' in each)) throw unsupported('such a CASE');
    const { expr, result } = each.CaseWhen;
    if (expr === undefined || result === undefined) throw unsupported('such a CASE');
    const test = arg === undefined ? inner(expr) : binaryOf(equals(arg, expr), inner, environment);
    return { test: condition(test, 'CASE/WHEN', environment), result: inner(result) };
  });
  const otherwise: Expression =
    defresult === undefined ? { ...typed('NULL', 'unknown'), literal: null } : inner(defresult);
  // PostgreSQL looks at ELSE first to find the type.
  const found = common([otherwise, ...whens.map(({ result }) => result)], environment, 'CASE');
  const write = ([last, ...results]: readonly string[]): string => {
    const branches = whens.map(({ test }, index) => `WHEN ${test} THEN ${String(results[index])}`);
    return `CASE ${branches.join(' ')} ELSE ${String(last)} END`;
  };
  const { type, scale, fixed } = found;
  const value = typed(write(found.values.map(({ sql }) => sql)), type, { scale });
  if (fixed === undefined || fixed === null) return value;
  const sides = {
    sql: write(fixed.sides.map(({ sql }) => sql)),
    digits: write(fixed.sides.map(({ digits }) => digits)),
  };
  return { ...value, fixed: { ...sides, scale: fixed.scale } };
}

function equals(lexpr: Node, rexpr: Node): A_Expr {
  return { kind: 'AEXPR_OP', name: [{ String: { sval: '=' } }], lexpr, rexpr };
}

function coalesce(given: readonly Expression[], environment: Environment): Expression {
  const { values, type, scale, fixed } = common(given, environment, 'COALESCE');
  const write = (items: readonly string[]): string => `coalesce(${items.join(', ')})`;
  const value = typed(write(values.map(({ sql }) => sql)), type, { scale });
  if (fixed === undefined || fixed === null) return value;
  const digits = fixed.sides.map((side) => `WHEN ${side.sql} IS NOT NULL THEN ${side.digits}`);
  const sql = write(fixed.sides.map((side) => side.sql));
  return { ...value, fixed: { sql, scale: fixed.scale, digits: `CASE ${digits.join(' ')} END` } };
}

function minMax(node: MinMaxExpr, inner: Inner, environment: Environment): Expression {
  const { op, args = [] } = knownFields(node, 'GREATEST', ['op', 'args']);
  const word = op === 'IS_LEAST' ? 'least' : 'greatest';
  const { values, type, scale } = common(args.map(inner), environment, word.toUpperCase());
  if (isEnum(type)) {
    const places = values.map((value) => enumPlace(value, environment));
    return labelAt(`${word}(${places.join(', ')})`, type, environment);
  }
  if (type === 'bpchar' || type.endsWith('[]') || type.endsWith('*') || type.startsWith('json')) {
    throw unsupported(`${word} of such values`, 'Cast all of them to one type, as text.');
  }
  assertSameOrder(type, environment);
  if (scale === 'varies') return extremeVarying(word, values);
  return typed(`${word}(${values.map(({ sql }) => sql).join(', ')})`, type, { scale });
}

function valueFunction(node: SQLValueFunction): Expression {
  const { op = '', typmod, location } = node;
  const found = VALUES[op];
  if (found === undefined || (typmod ?? -1) >= 0)
    throw unsupported(`${op.replace('SVFOP_', '')} with digits, or at all,`, undefined, location);
  return castTo(found[0], found[1]);
}

const VALUES: Readonly<Record<string, readonly [string, string]>> = {
  SVFOP_CURRENT_DATE: ['current_date', 'date'],
  SVFOP_CURRENT_TIMESTAMP: ['now()', 'timestamptz'],
  SVFOP_LOCALTIMESTAMP: ['now()', 'timestamp'],
};

function array(node: A_ArrayExpr, inner: Inner, environment: Environment): Expression {
  const { elements = [], location } = node;
  if (elements.length === 0)
    throw new SqlRefusal('42P18', 'cannot determine type of empty array', { location });
  const { values, type, scale } = common(elements.map(inner), environment, 'ARRAY');
  if (type.endsWith('[]') || type.endsWith('*') || isEnum(type) || scale === 'varies')
    throw unsupported('such an array', undefined, location);
  return typed(`[${values.map(({ sql }) => sql).join(', ')}]`, `${type}[]`, { scale });
}
