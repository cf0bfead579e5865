/** Aggregates, each for the types for which both come to the same value. */
import { coerce } from '../casts.ts';
import { enumPlace, labelAt } from '../enums.ts';
import type { Environment } from '../environment.ts';
import { castTo, type Expression, typed } from '../expression.ts';
import { divide, shownSum } from '../numeric-sql.ts';
import {
  formatType,
  isEnum,
  isFloat,
  isInteger,
  isNumber,
  isText,
  type PgTypeName,
} from '../pg-types.ts';
import { refuseUnlike } from '../same-values.ts';
import { SqlRefusal, unsupported } from '../sql-refusal.ts';
import { assertSameOrder } from '../text-order.ts';

export interface AggregateCall {
  readonly name: string;
  readonly args: readonly Expression[];
  readonly isStar: boolean;
  readonly isDistinct: boolean;
  /** ` ORDER BY …`, within the parentheses; empty for none. */
  readonly order: string;
  /** ` FILTER (…)` and ` OVER (…)`, after them. */
  readonly after: string;
  readonly location: number | undefined;
}

type Write = (call: AggregateCall, environment: Environment) => Expression | null;

function call(
  word: string,
  args: readonly string[],
  { isDistinct, order, after }: AggregateCall,
): string {
  return `${word}(${isDistinct ? 'DISTINCT ' : ''}${args.join(', ')}${order})${after}`;
}

/** The one argument that it has. */
function only(
  { args }: AggregateCall,
  environment: Environment,
  type: PgTypeName,
): Expression | null {
  const [value] = args;
  if (value === undefined || args.length !== 1) return null;
  return value.type === 'unknown' ? coerce(value, type, environment) : value;
}

function fixed(value: Expression, name: string): number {
  if (value.scale !== 'varies') return value.scale;
  throw unsupported(
    `${name} of a numeric that comes out of a division`,
    'Cast it to numeric(38,10) before.',
    value.location,
  );
}

const count: Write = (given) => {
  if (given.isStar) return castTo(`count(*)${given.after}`, 'int8');
  const [value] = given.args;
  if (value === undefined || given.args.length !== 1) return null;
  if (given.isDistinct) refuseUnlike(value, 'count(distinct …)', value.location);
  return castTo(call('count', [value.literal === undefined ? value.sql : "''"], given), 'int8');
};

const sum: Write = (given, environment) => {
  const value = only(given, environment, 'float8');
  if (value === null) return null;
  const whole = call('sum', [value.sql], given);
  switch (value.type) {
    case 'int2':
    case 'int4':
      return castTo(whole, 'int8');
    case 'int8':
      return castTo(whole, 'numeric', 0);
    case 'numeric': {
      if (value.fixed !== undefined && !given.isDistinct) return sumOfFixed(value.fixed, given);
      const scale = fixed(value, 'sum');
      return castTo(whole, 'numeric', scale);
    }
    case 'float8':
      return typed(whole, 'float8');
    case 'float4':
      throw unsupported('sum of real', 'Cast it: sum(x::float8).', given.location);
    default:
      return null;
  }
};

/** Of a numeric that has one of a few scales. */
function sumOfFixed({ sql, scale, digits }: Fixed, given: AggregateCall): Expression {
  const shown = `CASE WHEN ${sql} IS NOT NULL THEN ${digits} END`;
  return shownSum(
    call('sum', [sql], given),
    scale,
    call('max', [shown], { ...given, isDistinct: false }),
  );
}

type Fixed = NonNullable<Expression['fixed']>;

const avg: Write = (given, environment) => {
  const value = only(given, environment, 'float8');
  if (value === null || !isNumber(value.type)) return null;
  if (isFloat(value.type)) {
    return typed(call('avg', [coerce(value, 'float8', environment).sql], given), 'float8');
  }
  if (value.fixed !== undefined && !given.isDistinct) {
    const shown = sumOfFixed(value.fixed, given);
    const count = call('count', [value.fixed.sql], given);
    return divide(shown, typed(`nullif(${count}, 0)`, 'int8'));
  }
  const scale = isInteger(value.type) ? 0 : fixed(value, 'avg');
  const total = castTo(call('sum', [value.sql], given), 'numeric', scale);
  const rows = typed(call('count', [value.sql], given), 'int8');
  // Of no rows the sum is null, and so is the quotient: nothing is divided by 0.
  const dividend = { ...total, sql: `CASE WHEN ${rows.sql} > 0 THEN ${total.sql} END` };
  return divide(dividend, rows);
};

/** Types of which both know the smaller one. */
function ordered(value: Expression, name: string): void {
  if (value.type === 'bpchar')
    throw unsupported(`${name} of char(n)`, 'Cast it to text.', value.location);
  if (value.type.endsWith('[]') || value.type.endsWith('*') || value.type.startsWith('json')) {
    throw unsupported(
      `${name} of ${value.type.replace('*', '')}`,
      'Cast it to text.',
      value.location,
    );
  }
  fixed(value, name);
}

const NO_ORDER = new Set(['bool', 'uuid', 'bytea', 'interval']);

const extreme =
  (word: 'min' | 'max'): Write =>
  (given, environment) => {
    const value = only(given, environment, 'text');
    if (value === null || NO_ORDER.has(value.type)) return null;
    ordered(value, word);
    if (isEnum(value.type)) {
      const place = call(word, [enumPlace(value, environment)], given);
      return labelAt(place, value.type, environment);
    }
    assertSameOrder(value.type, environment, value.location);
    return typed(call(word, [value.sql], given), isText(value.type) ? 'text' : value.type, {
      scale: value.scale,
    });
  };

const logical =
  (word: string): Write =>
  (given, environment) => {
    const value = only(given, environment, 'bool');
    return value?.type === 'bool' ? typed(call(word, [value.sql], given), 'bool') : null;
  };

const bits =
  (word: string): Write =>
  (given, environment) => {
    const value = only(given, environment, 'int4');
    return value !== null && isInteger(value.type)
      ? castTo(call(word, [value.sql], given), value.type)
      : null;
  };

const stringAgg: Write = (given, environment) => {
  const [value, separator] = given.args;
  if (value === undefined || separator === undefined || given.args.length !== 2) return null;
  const text =
    isText(value.type) || value.type === 'unknown' ? coerce(value, 'text', environment) : null;
  const between = coerce(separator, 'text', environment);
  if (text === null) return null;
  if (!/^'(?:[^']|'')*'$/.test(between.sql)) {
    throw unsupported('string_agg with a separator that is no literal', undefined, given.location);
  }
  return typed(call('string_agg', [text.sql, between.sql], given), 'text');
};

const arrayAgg: Write = (given, environment) => {
  const value = only(given, environment, 'text');
  if (value === null || value.type.endsWith('[]') || value.type.endsWith('*')) return null;
  if (isEnum(value.type))
    throw unsupported('array_agg of an enum', 'Cast it to text.', value.location);
  const scale = fixed(value, 'array_agg');
  return typed(call('array_agg', [value.sql], given), `${value.type}[]`, { scale });
};

/** TimescaleDB's: the value at the smallest or largest of the second. */
const atExtreme =
  (word: string): Write =>
  (given, environment) => {
    const [value, time] = given.args;
    if (value === undefined || time === undefined || given.args.length !== 2 || given.isDistinct)
      return null;
    if (value.type === 'unknown') return null;
    ordered(time, given.name);
    const by = isEnum(time.type) ? enumPlace(time, environment) : time.sql;
    return typed(call(word, [value.sql, by], given), value.type, { scale: value.scale });
  };

export const AGGREGATES: Readonly<Record<string, Write>> = {
  count,
  sum,
  avg,
  min: extreme('min'),
  max: extreme('max'),
  bool_and: logical('bool_and'),
  every: logical('bool_and'),
  bool_or: logical('bool_or'),
  bit_and: bits('bit_and'),
  bit_or: bits('bit_or'),
  bit_xor: bits('bit_xor'),
  string_agg: stringAgg,
  array_agg: arrayAgg,
  first: atExtreme('arg_min_null'),
  last: atExtreme('arg_max_null'),
};

const NOT_HERE: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'stddev',
    'stddev_pop',
    'stddev_samp',
    'variance',
    'var_pop',
    'var_samp',
    'corr',
    'covar_pop',
    'covar_samp',
    'percentile_cont',
    'percentile_disc',
    'mode',
    'json_agg',
    'jsonb_agg',
    'json_object_agg',
    'jsonb_object_agg',
  ].map((name) => [
    name,
    'Ask it of PostgreSQL: with `offset 0` in a subquery around the foreign table it computes it itself.',
  ]),
);

export function isAggregate(name: string): boolean {
  return (
    Object.hasOwn(AGGREGATES, name) || Object.hasOwn(NOT_HERE, name) || name.startsWith('regr_')
  );
}

/** @throws SqlRefusal 0A000 or 42883 */
export function callAggregate(given: AggregateCall, environment: Environment): Expression {
  const write = Object.hasOwn(AGGREGATES, given.name) ? AGGREGATES[given.name] : undefined;
  if (write === undefined)
    throw unsupported(`the aggregate ${given.name}`, NOT_HERE[given.name], given.location);
  const found = write(given, environment);
  if (found !== null) return { ...found, location: given.location };
  const types = given.args.map(({ type }) => formatType(type)).join(', ');
  throw new SqlRefusal('42883', `function ${given.name}(${types}) is not known here`, {
    location: given.location,
    hint: 'Cast what it is given: a numeric that is held as text to numeric(38,10).',
  });
}
