/** Operators, by the types of their sides. */
import { cast, coerce, common, isImplicit } from './casts.ts';
import { compare, noOperator, rescaled, wider } from './comparison.ts';
import type { Environment } from './environment.ts';
import { castTo, type Expression, raise, typed } from './expression.ts';
import { addVarying, divide, multiplyVarying, negateVarying, toVarying } from './numeric-sql.ts';
import { formatType, isInteger, isNumber, isText, type PgTypeName } from './pg-types.ts';
import { matchRegularExpression } from './regular-expression.ts';
import { unsupported } from './sql-refusal.ts';
import { timeArithmetic } from './time-arithmetic.ts';

const COMPARISONS = new Set(['=', '<>', '!=', '<', '<=', '>', '>=']);

/** @throws SqlRefusal 42883 where PostgreSQL has no such operator either, 0A000 where it has */
export function binary(
  operator: string,
  left: Expression,
  right: Expression,
  environment: Environment,
  location?: number,
): Expression {
  if (COMPARISONS.has(operator)) return compare(operator, left, right, environment, location);
  if (['~', '!~', '~*', '!~*'].includes(operator)) {
    // Its blanks count here.
    const subject = left.type === 'bpchar' ? left : asText(left, environment);
    return matchRegularExpression(operator, subject, asText(right, environment));
  }
  if (['~~', '!~~', '~~*', '!~~*'].includes(operator)) {
    return like(operator, left, right, environment);
  }
  if (operator === '||') return concatenate(left, right, environment, location);
  const time = timeArithmetic(operator, left, right, environment, location);
  if (time !== null) return time;
  return arithmetic(operator, left, right, environment, location);
}

export function unary(operator: string, value: Expression, environment: Environment): Expression {
  const operand = value.type === 'unknown' ? coerce(value, 'float8', environment) : value;
  const { sql, type, scale } = operand;
  if (operator === '+' && isNumber(type)) return operand;
  if (operator === '-' && isNumber(type)) {
    if (scale === 'varies') return negateVarying(operand);
    return typed(`(-(${sql}))`, type, { scale });
  }
  if (operator === '-' && type === 'interval') return typed(`(-(${sql}))`, type);
  if (operator === '@' && isNumber(type) && scale !== 'varies')
    return typed(`abs(${sql})`, type, { scale });
  if (operator === '~' && isInteger(type)) return typed(`(~(${sql}))`, type);
  throw noOperator(`${operator} ${formatType(type)}`, value.location);
}

function asText(value: Expression, environment: Environment): Expression {
  if (value.type === 'unknown' || isImplicit(value.type, 'text'))
    return coerce(value, 'text', environment);
  throw noOperator(`text with ${formatType(value.type)}`, value.location);
}

/** An array is compared item by item in both; other types have an order of their own, or none. */
function arithmetic(
  operator: string,
  left: Expression,
  right: Expression,
  environment: Environment,
  location: number | undefined,
): Expression {
  const known = left.type === 'unknown' ? right.type : left.type;
  if (!isNumber(known) && known !== 'unknown') {
    throw noOperator(`${formatType(left.type)} ${operator} ${formatType(right.type)}`, location);
  }
  const a = left.type === 'unknown' ? coerce(left, known, environment) : left;
  const b = right.type === 'unknown' ? coerce(right, known, environment) : right;
  if (!isNumber(a.type) || !isNumber(b.type)) {
    throw noOperator(`${formatType(a.type)} ${operator} ${formatType(b.type)}`, location);
  }
  const type = wider(a.type, b.type);
  const sides = [coerce(a, type, environment), coerce(b, type, environment)] as const;
  const found = isInteger(type)
    ? wholeNumbers(operator, ...sides, type)
    : type === 'numeric'
      ? numerics(operator, ...sides)
      : floats(operator, ...sides, type);
  if (found === null)
    throw noOperator(`${formatType(a.type)} ${operator} ${formatType(b.type)}`, location);
  const seconds = b.whole ?? 0n;
  const isOfEpoch = operator === '/' && a.epochMicros !== undefined && seconds > 0n;
  return isOfEpoch ? { ...found, epochQuotient: { micros: a.epochMicros, seconds } } : found;
}

const BY_ZERO = raise('22012', 'division by zero');

function checked(divisor: Expression, result: string): string {
  if (divisor.whole !== undefined && divisor.whole !== 0n) return result;
  return `CASE WHEN (${divisor.sql}) = 0 THEN ${BY_ZERO} ELSE ${result} END`;
}

function wholeNumbers(
  operator: string,
  a: Expression,
  b: Expression,
  type: PgTypeName,
): Expression | null {
  switch (operator) {
    case '+':
    case '-':
    case '*':
      return typed(`(${a.sql} ${operator} ${b.sql})`, type);
    case '/':
      // The smallest by -1 leaves the type; DuckDB tells of it in the cast.
      return castTo(checked(b, `(${a.sql} // ${b.sql})`), type);
    case '%':
      return castTo(checked(b, `(${a.sql} % ${b.sql})`), type);
    case '&':
    case '|':
      return typed(`(${a.sql} ${operator} ${b.sql})`, type);
    case '#':
      return typed(`xor(${a.sql}, ${b.sql})`, type);
    default:
      return null;
  }
}

function numerics(operator: string, a: Expression, b: Expression): Expression | null {
  if (operator === '/') return divide(a, b);
  if (a.scale === 'varies' || b.scale === 'varies') return varyingNumerics(operator, a, b);
  const scale = Math.max(a.scale, b.scale);
  switch (operator) {
    case '+':
    case '-':
      return typed(`(${a.sql} ${operator} ${b.sql})`, 'numeric', { scale });
    case '*': {
      const product = a.scale + b.scale;
      if (product > 38) return multiplyVarying(toVarying(a), toVarying(b));
      return typed(`(${a.sql} * ${b.sql})`, 'numeric', { scale: product });
    }
    case '%':
      return castTo(
        checked(b, `(${rescaled(a, scale)} % ${rescaled(b, scale)})`),
        'numeric',
        scale,
      );
    default:
      return null;
  }
}

function varyingNumerics(operator: string, a: Expression, b: Expression): Expression | null {
  if (operator === '+' || operator === '-') return addVarying(a, operator, b);
  return operator === '*' ? multiplyVarying(a, b) : null;
}

/** What overflows or vanishes is an error to PostgreSQL, and infinity or zero to DuckDB. */
function floats(
  operator: string,
  a: Expression,
  b: Expression,
  type: PgTypeName,
): Expression | null {
  if (!['+', '-', '*', '/'].includes(operator)) return null;
  const over = raise('22003', 'value out of range: overflow');
  const under = raise('22003', 'value out of range: underflow');
  const result = `((x).a ${operator} (x).b)`;
  const infinite = `isinf(${result}) AND NOT isinf((x).a) AND NOT isinf((x).b)`;
  const isZero =
    operator === '*'
      ? `${result} = 0 AND (x).a <> 0 AND (x).b <> 0`
      : `${result} = 0 AND (x).a <> 0 AND NOT isinf((x).b)`;
  const zero = operator === '/' ? `WHEN (x).b = 0 AND NOT isnan((x).a) THEN ${BY_ZERO} ` : '';
  const vanishing = operator === '*' || operator === '/' ? `WHEN ${isZero} THEN ${under} ` : '';
  const body = `CASE ${zero}WHEN ${infinite} THEN ${over} ${vanishing}ELSE ${result} END`;
  return typed(`list_transform([{'a': ${a.sql}, 'b': ${b.sql}}], lambda x: ${body})[1]`, type);
}

function concatenate(
  left: Expression,
  right: Expression,
  environment: Environment,
  location: number | undefined,
): Expression {
  if (left.type.endsWith('[]') || right.type.endsWith('[]')) {
    throw unsupported('|| of arrays', undefined, location);
  }
  if (![left, right].some(({ type }) => isText(type) || type === 'unknown')) {
    throw noOperator(`${formatType(left.type)} || ${formatType(right.type)}`, location);
  }
  const sides = [left, right].map((value) => textOf(value, environment));
  return typed(`(${sides.join(' || ')})`, 'text');
}

function textOf(value: Expression, environment: Environment): string {
  return (
    value.type === 'unknown' || isText(value.type)
      ? coerce(value, 'text', environment)
      : cast(value, 'text', -1, environment)
  ).sql;
}

/** @param escape the one character that takes the meaning from the next; PostgreSQL has one without being told */
export function like(
  operator: string,
  left: Expression,
  right: Expression,
  environment: Environment,
  escape = '\\',
): Expression {
  // Of a char(n) its blanks count.
  const subject = left.type === 'bpchar' ? left : asText(left, environment);
  const pattern = asText(right, environment);
  const word = `${operator.startsWith('!') ? 'NOT ' : ''}${operator.endsWith('*') ? 'ILIKE' : 'LIKE'}`;
  // Without one DuckDB finds what begins like that by its statistics.
  const isPlain = /^'(?:[^']|'')*'$/.test(pattern.sql) && !pattern.sql.includes(escape);
  const escaped = isPlain ? '' : ` ESCAPE '${escape}'`;
  return typed(`(${subject.sql} ${word} ${pattern.sql}${escaped})`, 'bool');
}

/** `x in (…)`, each as the type that all become. */
export function inList(
  value: Expression,
  items: readonly Expression[],
  isNot: boolean,
  environment: Environment,
): Expression {
  const all = [value, ...items];
  const isPlain = all.every(
    ({ type }) => type !== 'numeric' && type !== 'bpchar' && !type.endsWith('[]'),
  );
  if (!isPlain) {
    const each = items.map((item) => compare('=', value, item, environment).sql);
    return typed(`(${isNot ? 'NOT ' : ''}(${each.join(' OR ')}))`, 'bool');
  }
  const { values } = common(all, environment, 'IN');
  const [subject, ...rest] = values.map(({ sql }) => sql);
  // Whether the type can be compared at all.
  const [first] = values;
  if (first !== undefined) compare('=', first, first, environment);
  return typed(`(${String(subject)} ${isNot ? 'NOT ' : ''}IN (${rest.join(', ')}))`, 'bool');
}
