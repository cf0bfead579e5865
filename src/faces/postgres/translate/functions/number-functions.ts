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

/** What overflows or vanishes is an error, unless it was infinite before. */
function bounded(result: string, wasInfinite: string): string {
  const over = raise('22003', 'value out of range: overflow');
  const under = raise('22003', 'value out of range: underflow');
  return `CASE WHEN isinf(${result}) AND NOT ${wasInfinite} THEN ${over} WHEN ${result} = 0 AND NOT ${wasInfinite} THEN ${under} ELSE ${result} END`;
}

function power(x = '', y = ''): string {
  const zero = raise('2201F', 'zero raised to a negative power is undefined');
  const root = raise(
    '2201F',
    'a negative number raised to a non-integer power yields a complex result',
  );
  const usual = bounded(`pow(${x}, ${y})`, `(isinf(${x}) OR isinf(${y}))`);
  return `CASE WHEN isnan(${x}) OR isnan(${y}) THEN pow(${x}, ${y}) WHEN (${x}) = 0 THEN CASE WHEN (${y}) < 0 THEN ${zero} ELSE pow(${x}, ${y}) END WHEN (${x}) < 0 AND NOT isinf(${y}) AND floor(${y}) <> (${y}) THEN ${root} ELSE ${usual} END`;
}

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
  log: [signature('(float8) → float8', (x) => logarithm(x, 'log10'))],
  exp: [signature('(float8) → float8', (x = '') => bounded(`exp(${x})`, `isinf(${x})`))],
  power: [signature('(float8, float8) → float8', power)],
  pow: [signature('(float8, float8) → float8', power)],
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
    if (value.scale === 'varies')
      return (word === 'floor' ? floorOfEpoch(value) : null) ?? floorVarying(value, word);
    if (value.type === 'numeric') return castTo(`${word}(${value.sql})`, 'numeric', 0);
    return typed(`${word}(${coerce(value, 'float8', environment).sql})`, 'float8');
  };

/** Up to the year 2286, for which the reasoning below holds. */
const MAX_MICROS = 10n ** 16n;
const MAX_SECONDS = 1_000_000n;

/**
 * floor(extract(epoch from x) / seconds), as buckets are asked for. PostgreSQL rounds the quotient to 8 digits or more before it takes the
 * floor. A quotient that is no whole number lies at least 1 / (seconds × 10^6) below the next one, and up to 100 seconds, or
 * up to 10^6 with the 12 digits that such a quotient has, that is more than the rounding: the floor of the whole numbers is the same.
 */
function floorOfEpoch(value: Expression): Expression | null {
  const { epochQuotient } = value;
  if (epochQuotient === undefined || epochQuotient.seconds > MAX_SECONDS) return null;
  const { micros, seconds } = epochQuotient;
  const width = String(seconds * 1_000_000n);
  const below = `((${micros}) % ${width} + ${width}) % ${width}`;
  const max = String(MAX_MICROS);
  const quick = `CAST(((${micros}) - ${below}) // ${width} AS DECIMAL(18, 0))`;
  return typed(
    `CASE WHEN (${micros}) BETWEEN -${max} AND ${max} THEN ${quick} ELSE ${floorVarying(value, 'floor').sql} END`,
    'numeric',
  );
}

const ROUND_HINT = 'Cast to numeric(38,10), or round by a number that is written out.';

function round(args: readonly Expression[], environment: Environment): Expression | null {
  const [, digits] = args;
  const value = settle(args, environment);
  if (value === null) return null;
  if (args.length === 1) {
    if (value.type === 'numeric') return rounded(value, 0);
    return typed(`round_even(${coerce(value, 'float8', environment).sql}, 0)`, 'float8');
  }
  if (args.length !== 2 || digits === undefined || isFloat(value.type)) return null;
  const count = wholeOf(digits);
  if (count === null || count < 0 || count > 38)
    throw unsupported('round to that many digits', ROUND_HINT);
  return rounded(coerce(value, 'numeric', environment), count);
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
