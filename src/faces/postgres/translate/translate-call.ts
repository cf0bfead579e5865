/** A call: of a function, an aggregate or a window function. */
import type { FuncCall, Node } from 'libpg-query';
import { coerce } from './casts.ts';
import { condition } from './condition.ts';
import type { Environment } from './environment.ts';
import { type Expression, typed } from './expression.ts';
import { type AggregateCall, callAggregate, isAggregate } from './functions/aggregates.ts';
import { callFunction } from './functions/call-function.ts';
import { knownFields } from './known-fields.ts';
import { varyingText } from './numeric-sql.ts';
import { isNumber } from './pg-types.ts';
import type { Scope } from './scope.ts';
import { sortBy, sortParts } from './sort-order.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import { callWindowFunction, translateWindow, WINDOW_FUNCTIONS } from './translate-window.ts';
import { namesIn } from './walk.ts';

const SCHEMAS = new Set(['pg_catalog', 'public']);

/** @throws SqlRefusal */
export function translateCall(node: FuncCall, scope: Scope, environment: Environment): Expression {
  knownFields(node, 'a call', [
    'funcname',
    'args',
    'agg_order',
    'agg_filter',
    'over',
    'agg_within_group',
    'agg_star',
    'agg_distinct',
    'func_variadic',
    'funcformat',
  ]);
  const {
    funcname,
    args: argNodes = [],
    agg_order: order,
    agg_filter: filter,
    over,
    location,
  } = node;
  const [name = '', schema] = namesIn(funcname).toReversed();
  if (schema !== undefined && !SCHEMAS.has(schema))
    throw unsupported(`the function ${schema}.${name}`, undefined, location);
  if (node.func_variadic === true) throw unsupported('VARIADIC', undefined, location);
  const isOver = over !== undefined;
  if ((isAggregate(name) || isOver) && scope.without !== null) {
    throw new SqlRefusal(
      '42803',
      `aggregate and window functions are not allowed in ${scope.without}`,
      { location },
    );
  }
  const within: Scope =
    isAggregate(name) && !isOver ? { ...scope, without: 'an aggregate' } : scope;
  const args = argNodes.map((arg: Node) => environment.expression(arg, within));
  const after = [
    filter === undefined
      ? ''
      : ` FILTER (WHERE ${condition(environment.expression(filter, within), 'FILTER', environment)})`,
    isOver ? ` OVER (${translateWindow(over, scope, environment)})` : '',
  ].join('');
  if (node.agg_within_group === true) {
    return orderedSet({ name, args, order, after, location }, within, environment);
  }
  if (WINDOW_FUNCTIONS.has(name)) {
    if (!isOver)
      throw new SqlRefusal('42809', `window function ${name} requires an OVER clause`, {
        location,
      });
    if (filter !== undefined) throw unsupported('FILTER of a window function', undefined, location);
    return callWindowFunction(name, args, after, environment, location);
  }
  const isPlain =
    !isOver && filter === undefined && order === undefined && node.agg_distinct !== true;
  if (!isAggregate(name)) {
    if (!isPlain || node.agg_star === true)
      throw unsupported(`${name} as an aggregate`, undefined, location);
    return textFunction(name, args, environment) ?? callFunction(name, args, environment, location);
  }
  const given: AggregateCall = {
    name,
    args,
    isStar: node.agg_star === true,
    isDistinct: node.agg_distinct === true,
    order:
      order === undefined
        ? ''
        : ` ORDER BY ${order.map((each) => sortBy(each, within, environment)).join(', ')}`,
    after,
    location,
  };
  return callAggregate(given, environment);
}

interface OrderedSet {
  readonly name: string;
  readonly args: readonly Expression[];
  readonly order: readonly Node[] | undefined;
  readonly after: string;
  readonly location: number | undefined;
}

/** percentile_cont, from the two values around its place. */
function orderedSet(
  { name, args, order = [], after, location }: OrderedSet,
  scope: Scope,
  environment: Environment,
): Expression {
  const [share] = args;
  const [item, more] = order;
  const place = share?.constant === undefined ? NaN : Number(share.constant);
  const isKnown = name === 'percentile_cont' && place >= 0 && place <= 1 && args.length === 1;
  if (!isKnown || item === undefined || more !== undefined || after.includes(' OVER ')) {
    throw unsupported(
      `${name} WITHIN GROUP`,
      'Ask it of PostgreSQL: with `offset 0` in a subquery around the foreign table it computes it itself.',
      location,
    );
  }
  const { by, direction } = sortParts(item);
  const value = environment.expression(by, scope);
  if (!direction.startsWith('ASC') || !isNumber(value.type)) {
    throw unsupported(`${name} of other than numbers in ascending order`, undefined, location);
  }
  const x = coerce(value, 'float8', environment).sql;
  return typed(between(place, `list(${x})${after}`, `count(${x})${after}`), 'float8');
}

/** DuckDB's own quantile weighs both neighbours, which rounds otherwise. */
function between(place: number, values: string, count: string): string {
  const sorted = `list_sort(${values}, 'ASC', 'NULLS LAST')`;
  const given = `{'l': ${sorted}, 'n': ${count}, 'p': CAST(${String(place)} AS DOUBLE) * (${count} - 1)}`;
  const at = (word: string): string => `(a).l[CAST(${word}((a).p) AS BIGINT) + 1]`;
  const [low, high] = [at('floor'), at('ceil')];
  const body = `CASE WHEN (a).n = 0 THEN NULL WHEN floor((a).p) = ceil((a).p) THEN ${low} ELSE ${low} + ((a).p - floor((a).p)) * (${high} - ${low}) END`;
  return `list_transform([${given}], lambda a: ${body})[1]`;
}

/** concat takes anything, and any number of it. */
function textFunction(
  name: string,
  args: readonly Expression[],
  environment: Environment,
): Expression | null {
  if (name !== 'concat' && name !== 'concat_ws') return null;
  const texts = args.map((arg) => {
    if (arg.type === 'unknown') return coerce(arg, 'text', environment).sql;
    if (arg.type === 'numeric') return arg.scale === 'varies' ? varyingText(arg) : arg.sql;
    if (
      arg.type === 'bpchar' ||
      ['text', 'varchar', 'int2', 'int4', 'int8', 'uuid'].includes(arg.type)
    )
      return arg.sql;
    throw unsupported(`${name} of ${arg.type}`, 'Cast it to text.', arg.location);
  });
  return texts.length === 0 ? null : typed(`${name}(${texts.join(', ')})`, 'text');
}
