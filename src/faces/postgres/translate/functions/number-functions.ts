/** Functions of numbers, whose result depends on which kind of number. */
import { coerce } from '../casts.ts';
import type { Environment } from '../environment.ts';
import { castTo, type Expression, raise, typed } from '../expression.ts';
import { absVarying, floorVarying, roundVarying } from '../numeric-sql.ts';
import { binary } from '../operators.ts';
import { isFloat, isInteger, isNumber } from '../pg-types.ts';
import { unsupported } from '../sql-refusal.ts';
import { type Signature, signature } from './signature.ts';

type Write = (args: readonly Expression[], environment: Environment) => Expression | null;

const NEGATIVE_ROOT = raise('2201F', 'cannot take square root of a negative number');
const LOG_OF_ZERO = raise('2201E', 'cannot take logarithm of zero');
const LOG_OF_NEGATIVE = raise('2201E', 'cannot take logarithm of a negative number');

const logarithm = (x = '', word = 'ln'): string =>
  `CASE WHEN (${x}) = 0 THEN ${LOG_OF_ZERO} WHEN (${x}) < 0 THEN ${LOG_OF_NEGATIVE} ELSE ${word}(${x}) END`;

/** Whole numbers become double precision here, as they do in PostgreSQL; numerics are refused before. */
export const FLOAT_FUNCTIONS: Readonly<Record<string, readonly Signature[]>> = {
  sqrt: [
    signature(
      '(float8) → float8',
      (x) => `CASE WHEN (${x}) < 0 THEN ${NEGATIVE_ROOT} ELSE sqrt(${x}) END`,
    ),
  ],
  ln: [signature('(float8) → float8', (x) => logarithm(x, 'ln'))],
  log10: [signature('(float8) → float8', (x) => logarithm(x, 'log10'))],
  degrees: [signature('(float8) → float8', (x) => `degrees(${x})`)],
  pi: [signature('() → float8', () => 'pi()')],
};

/** Whole numbers become numeric where there is no function of double precision for them. */
function settle([value]: readonly Expression[], environment: Environment): Expression | null {
  if (value === undefined) return null;
  if (value.type === 'unknown') return coerce(value, 'float8', environment);
  return isNumber(value.type) ? value : null;
}

const sameKind =
  (word: string): Write =>
  (args, environment) => {
    const value = settle(args, environment);
    if (value === null || args.length !== 1) return null;
    if (value.scale === 'varies') return word === 'abs' ? absVarying(value) : null;
    return typed(`${word}(${value.sql})`, value.type, { scale: value.scale });
  };

const toWhole =
  (word: 'floor' | 'ceil'): Write =>
  (args, environment) => {
    const value = settle(args, environment);
    if (value === null || args.length !== 1) return null;
    if (isInteger(value.type))
      return toWhole(word)([coerce(value, 'float8', environment)], environment);
    if (value.scale === 'varies') return floorVarying(value, word);
    if (value.type === 'numeric') return castTo(`${word}(${value.sql})`, 'numeric', 0);
    return typed(`${word}(${coerce(value, 'float8', environment).sql})`, 'float8');
  };

const ROUND_HINT = 'Cast to numeric(38,10), or round by a number that is written out.';

function round(args: readonly Expression[], environment: Environment): Expression | null {
  const [, digits] = args;
  const value = settle(args, environment);
  if (value === null) return null;
  if (args.length === 1) {
    if (value.type === 'numeric') return rounded(value, 0);
    return typed(halfToEven(coerce(value, 'float8', environment).sql), 'float8');
  }
  if (args.length !== 2 || digits === undefined || isFloat(value.type)) return null;
  const count = wholeOf(digits);
  if (count === null || count < 0 || count > 38)
    throw unsupported('round to that many digits', ROUND_HINT);
  return rounded(coerce(value, 'numeric', environment), count);
}

/** DuckDB loses the sign of what becomes zero. */
function halfToEven(x: string): string {
  const rounded = `round_even(${x}, 0)`;
  return `CASE WHEN ${rounded} = 0 AND signbit(${x}) THEN CAST('-0' AS DOUBLE) ELSE ${rounded} END`;
}

function wholeOf({ whole, type, literal }: Expression): number | null {
  if (whole !== undefined) return Number(whole);
  return type === 'unknown' && typeof literal === 'string' && /^\d{1,2}$/.test(literal)
    ? Number(literal)
    : null;
}

function rounded(value: Expression, scale: number): Expression {
  if (value.scale === 'varies') return roundVarying(value, scale);
  return castTo(value.sql, 'numeric', scale);
}

function trunc(args: readonly Expression[], environment: Environment): Expression | null {
  const value = settle(args, environment);
  if (value === null || args.length !== 1) return null;
  if (value.scale === 'varies') return null;
  if (value.type === 'numeric') return castTo(`trunc(${value.sql})`, 'numeric', 0);
  return typed(`trunc(${coerce(value, 'float8', environment).sql})`, 'float8');
}

function sign(args: readonly Expression[], environment: Environment): Expression | null {
  const value = settle(args, environment);
  if (value === null || args.length !== 1 || value.scale === 'varies') return null;
  if (value.type === 'numeric') return castTo(`sign(${value.sql})`, 'numeric', 0);
  const x = coerce(value, 'float8', environment).sql;
  return castTo(
    `CASE WHEN isnan(${x}) THEN 0 WHEN (${x}) IS NOT NULL THEN sign(${x}) END`,
    'float8',
  );
}

function mod(args: readonly Expression[], environment: Environment): Expression | null {
  const [a, b] = args;
  if (a === undefined || b === undefined || args.length !== 2) return null;
  return isFloat(a.type) || isFloat(b.type) ? null : binary('%', a, b, environment);
}

export const NUMBER_FUNCTIONS: Readonly<Record<string, Write>> = {
  abs: sameKind('abs'),
  floor: toWhole('floor'),
  ceil: toWhole('ceil'),
  ceiling: toWhole('ceil'),
  round,
  trunc,
  sign,
  mod,
};
