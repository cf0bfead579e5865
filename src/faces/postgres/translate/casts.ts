/** Casts between types, as far as both sides make the same value of it. */

import { literalIn } from './enums.ts';
import type { Environment } from './environment.ts';
import { type Expression, raise, type Scale, typed } from './expression.ts';
import { literalOf } from './literal.ts';
import { fromFloat, roundVarying, toVarying, varyingText } from './numeric-sql.ts';
import {
  duckdbTypeOf,
  formatType,
  isEnum,
  isFloat,
  isInteger,
  isNumber,
  isText,
  type PgTypeName,
  precisionOf,
} from './pg-types.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';

const INTEGER_DIGITS: Readonly<Record<string, number>> = { int2: 5, int4: 10, int8: 19 };

/** What a value of one type becomes where another is asked for, with nobody saying so (pg_cast, implicit). */
const IMPLICIT: Readonly<Record<PgTypeName, readonly PgTypeName[]>> = {
  int2: ['int4', 'int8', 'numeric', 'float4', 'float8'],
  int4: ['int8', 'numeric', 'float4', 'float8'],
  int8: ['numeric', 'float4', 'float8'],
  numeric: ['float4', 'float8'],
  float4: ['float8'],
  varchar: ['text', 'bpchar'],
  bpchar: ['text', 'varchar'],
  name: ['text'],
  text: ['varchar', 'bpchar'],
  date: ['timestamp', 'timestamptz'],
  timestamp: ['timestamptz'],
  time: ['interval'],
};

export function isImplicit(from: PgTypeName, to: PgTypeName): boolean {
  return from === to || from === 'unknown' || (IMPLICIT[from] ?? []).includes(to);
}

/** The value as one of `type`; a literal or parameter without a type becomes one. */
export function coerce(value: Expression, type: PgTypeName, environment: Environment): Expression {
  if (value.type === type) return value;
  if (value.type === 'unknown') {
    if (value.parameter !== undefined)
      return environment.parameterAs(value.parameter, type, value.location);
    const found = literalIn(value.literal ?? null, type, environment, value.location);
    return { ...found, location: value.location };
  }
  if (!isImplicit(value.type, type)) {
    throw new SqlRefusal(
      '42846',
      `cannot cast type ${formatType(value.type)} to ${formatType(type)}`,
      { location: value.location },
    );
  }
  return cast(value, type, -1, environment);
}

/** `value::type`, with its modifier. @throws SqlRefusal */
export function cast(
  value: Expression,
  type: PgTypeName,
  typmod: number,
  environment: Environment,
): Expression {
  if (value.type === 'unknown') {
    if (type === 'unknown') return value;
    // A literal for char(n) and varchar(n) is cut as by a cast that is written.
    return modified(coerce(value, type, environment), typmod);
  }
  return modified(value.type === type ? value : convert(value, type), typmod);
}

function modified(value: Expression, typmod: number): Expression {
  if (typmod < 0) return value;
  const length = typmod - 4;
  switch (value.type) {
    case 'numeric': {
      const { precision, scale } = precisionOf(typmod);
      if (precision > 38 || scale < 0 || scale > precision) {
        throw unsupported(
          `numeric(${String(precision)},${String(scale)})`,
          'Up to numeric(38,38) is held here.',
        );
      }
      const text = value.scale === 'varies' ? varyingText(value) : value.sql;
      return typed(`CAST(${text} AS DECIMAL(${String(precision)}, ${String(scale)}))`, 'numeric', {
        scale,
        typmod,
      });
    }
    case 'varchar':
      return typed(`left(${value.sql}, ${String(length)})`, 'varchar', { typmod });
    case 'bpchar':
      return typed(`rpad(${value.sql}, ${String(length)}, ' ')`, 'bpchar', { typmod });
    default:
      throw unsupported(
        `${formatType(value.type)}(${String(typmod)})`,
        'Leave the precision away.',
      );
  }
}

function convert(value: Expression, type: PgTypeName): Expression {
  const found = isNumber(value.type) && isNumber(type) ? number(value, type) : other(value, type);
  if (found !== null) return { ...found, location: value.location };
  const name = `a cast of ${formatType(value.type)} to ${formatType(type)}`;
  throw unsupported(name, hintFor(value.type, type), value.location);
}

function hintFor(from: PgTypeName, to: PgTypeName): string | undefined {
  if (isFloat(from) && isText(to)) return 'Cast to numeric first: x::numeric::text.';
  return undefined;
}

function number(value: Expression, type: PgTypeName): Expression | null {
  const { sql, type: from, scale, constant } = value;
  if (constant !== undefined && !(isInteger(type) && from === 'numeric'))
    return literalOf(constant, type);
  if (type === 'numeric') {
    if (isFloat(from)) return fromFloat(sql, from);
    return typed(`CAST(${sql} AS DECIMAL(${String(INTEGER_DIGITS[from] ?? 19)}, 0))`, 'numeric');
  }
  if (from === 'numeric' && scale === 'varies') {
    if (isFloat(type)) return typed(`CAST(${varyingText(value)} AS ${duckdbTypeOf(type)})`, type);
    return typed(`CAST(${roundVarying(value, 0).sql} AS ${duckdbTypeOf(type)})`, type);
  }
  // By way of its text: the nearest double, and not a quotient of two.
  if (from === 'numeric' && isFloat(type)) {
    return typed(`CAST(CAST(${sql} AS VARCHAR) AS ${duckdbTypeOf(type)})`, type);
  }
  if (from === 'float8' && type === 'float4') return narrowed(sql);
  return typed(`CAST(${sql} AS ${duckdbTypeOf(type)})`, type);
}

function narrowed(sql: string): Expression {
  const out = raise('22003', 'value out of range: overflow');
  const under = raise('22003', 'value out of range: underflow');
  const small = `CAST(${sql} AS FLOAT)`;
  return typed(
    `CASE WHEN isinf(${small}) AND NOT isinf(${sql}) THEN ${out} WHEN ${small} = 0 AND (${sql}) <> 0 THEN ${under} ELSE ${small} END`,
    'float4',
  );
}

const BC = (sql: string): string => `replace(CAST(${sql} AS VARCHAR), ' (BC)', ' BC')`;

const TO_TEXT: Readonly<Record<PgTypeName, (value: Expression) => string>> = {
  bool: ({ sql }) => `CAST(${sql} AS VARCHAR)`,
  int2: ({ sql }) => `CAST(${sql} AS VARCHAR)`,
  int4: ({ sql }) => `CAST(${sql} AS VARCHAR)`,
  int8: ({ sql }) => `CAST(${sql} AS VARCHAR)`,
  uuid: ({ sql }) => `CAST(${sql} AS VARCHAR)`,
  numeric: (value) =>
    value.scale === 'varies' ? varyingText(value) : `CAST(${value.sql} AS VARCHAR)`,
  date: ({ sql }) => BC(sql),
  timestamp: ({ sql }) => BC(sql),
  timestamptz: ({ sql }) => BC(sql),
  time: ({ sql }) => `CAST(${sql} AS VARCHAR)`,
  bytea: ({ sql }) => `('\\x' || lower(hex(${sql})))`,
  json: ({ sql }) => `CAST(${sql} AS VARCHAR)`,
  jsonb: ({ sql }) => `CAST(${sql} AS VARCHAR)`,
  bpchar: ({ sql }) => `rtrim(${sql}, ' ')`,
};

const TIMES: Readonly<Record<PgTypeName, readonly PgTypeName[]>> = {
  date: ['timestamp', 'timestamptz'],
  timestamp: ['date', 'time', 'timestamptz'],
  timestamptz: ['date', 'time', 'timestamp'],
};

function other(
  { sql, type: from, scale, ...rest }: Expression,
  type: PgTypeName,
): Expression | null {
  if (isText(type)) {
    const text =
      (isText(from) && from !== 'bpchar') || isEnum(from)
        ? sql
        : TO_TEXT[from]?.({ sql, type: from, scale, ...rest });
    return text === undefined ? null : typed(text, type);
  }
  if ((TIMES[from] ?? []).includes(type))
    return typed(`CAST(${sql} AS ${duckdbTypeOf(type)})`, type);
  if (from === 'bool' && type === 'int4') return typed(`CAST(${sql} AS INTEGER)`, type);
  if (from === 'int4' && type === 'bool') return typed(`((${sql}) <> 0)`, type);
  if (isText(from) && (isInteger(type) || type === 'uuid') && rest.literal === undefined) {
    return fromText(sql, type);
  }
  return null;
}

/** What DuckDB reads and PostgreSQL doesn't is refused while it runs. */
function fromText(sql: string, type: PgTypeName): Expression {
  const form =
    type === 'uuid' ? '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}' : '[ ]*[+-]?[0-9]+[ ]*';
  const error = raise('22P02', `invalid input syntax for type ${formatType(type)}`);
  return typed(
    `CASE WHEN regexp_full_match(${sql}, '${form}') THEN CAST(${sql} AS ${duckdbTypeOf(type)}) WHEN (${sql}) IS NOT NULL THEN ${error} END`,
    type,
  );
}

/** Numerics whose digits are counted alike on all sides. */
function ofOneScale(values: readonly Expression[]): {
  readonly values: readonly Expression[];
  readonly scale: Scale;
} {
  const scales = new Set(values.map(({ scale }) => scale));
  const [first = 0] = scales;
  if (scales.size <= 1) return { values, scale: first };
  return { values: values.map(toVarying), scale: 'varies' };
}

export interface Common {
  readonly values: readonly Expression[];
  readonly type: PgTypeName;
  readonly scale: Scale;
  /** Where digits vary between values and not within one of them: each at one scale, and its own. */
  readonly fixed?: {
    readonly scale: number;
    readonly sides: readonly { readonly sql: string; readonly digits: string }[];
  } | null;
}

/**
 * The one type that several values become (select_common_type), and they as it.
 *
 * @throws SqlRefusal 42804 where there is none
 */
export function common(
  values: readonly Expression[],
  environment: Environment,
  place: string,
): Common {
  const type = commonType(values, place);
  const all = values.map((value) => coerce(value, type, environment));
  if (type !== 'numeric') return { values: all, type, scale: 0 };
  // A bare NULL has no digits of its own.
  const known = all.filter((_, index) => values[index]?.literal !== null);
  const { scale } = ofOneScale(known);
  if (scale === 'varies') {
    return {
      values: all.map((value, index) =>
        values[index]?.literal === null ? typed('NULL', 'numeric', { scale }) : toVarying(value),
      ),
      type,
      scale,
      fixed: asFixed(known, all),
    };
  }
  return { values: all, type, scale };
}

/** All at the largest of their scales; null where one's digits vary in themselves. */
function asFixed(
  known: readonly Expression[],
  all: readonly Expression[],
): NonNullable<Common['fixed']> | null {
  const scales = known.flatMap(({ scale }) => (scale === 'varies' ? [] : [scale]));
  if (scales.length < known.length) return null;
  const scale = Math.max(...scales);
  const sides = all.map((value) => ({
    sql: `CAST(${value.sql} AS DECIMAL(38, ${String(scale)}))`,
    digits: String(value.scale),
  }));
  return { scale, sides };
}

const PREFERRED = new Set(['text', 'float8', 'bool', 'timestamptz', 'interval', 'oid']);

function commonType(values: readonly Expression[], place: string): PgTypeName {
  let type = 'unknown';
  for (const value of values) {
    const next = value.type;
    if (next === 'unknown' || next === type) continue;
    if (type === 'unknown') type = next;
    else if (!PREFERRED.has(type) && isImplicit(type, next) && !isImplicit(next, type)) type = next;
    else if (!isImplicit(next, type)) {
      throw new SqlRefusal(
        '42804',
        `${place} types ${formatType(type)} and ${formatType(next)} cannot be matched`,
        { location: value.location },
      );
    }
  }
  return type === 'unknown' ? 'text' : type;
}
