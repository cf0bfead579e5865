/**
 * Numerics to the last digit. Division and avg show as many digits as the size of each quotient asks for
 * (numeric.c, select_div_scale), so that the digits belong to the value and travel with it.
 *
 * DuckDB takes `a.u` for a field of a column `a` before it looks for a lambda's parameter, and `(a).u` the other way round:
 * findings/duckdb-a-lambda-parameter-loses-to-a-column.sh.
 */
import { type Expression, raise, typed } from './expression.ts';

const DIVISION_BY_ZERO = raise('22012', 'division by zero');

/** `value` evaluated once, as `name` in `body`. */
function bind(value: string, name: string, body: string): string {
  return `list_transform([${value}], lambda ${name}: ${body})[1]`;
}

const power = (exponent: string): string => `CAST('1' || repeat('0', ${exponent}) AS HUGEINT)`;

/** A numeric or an integer as a struct of its digits and their scale; of NULL the digits are, or all of it. */
function struct({ sql, type, scale }: Expression): string {
  if (scale === 'varies') return sql;
  if (type !== 'numeric' || scale === 0) {
    return `{'u': CAST(${sql} AS HUGEINT), 's': CAST(0 AS INTEGER)}`;
  }
  const shift = `CAST(1${'0'.repeat(scale)} AS DECIMAL(${String(scale + 1)}, 0))`;
  const digits = `CAST(${sql} AS DECIMAL(38, ${String(scale)})) * ${shift}`;
  return `{'u': CAST(${digits} AS HUGEINT), 's': CAST(${String(scale)} AS INTEGER)}`;
}

const varying = (sql: string): Expression => typed(sql, 'numeric', { scale: 'varies' });

export function toVarying(value: Expression): Expression {
  if (value.scale === 'varies') return value;
  return varying(bind(struct(value), 'a', 'CASE WHEN (a).u IS NULL THEN NULL ELSE a END'));
}

/** Each `[name, body]` sees the value of the one before under its name; all are NULL from the first NULL on. */
function steps(first: string, bodies: readonly (readonly [name: string, body: string])[]): string {
  const list = bodies.reduce(
    (inner, [name, body]) =>
      `list_transform(${inner}, lambda ${name}: CASE WHEN ${name} IS NULL THEN NULL ELSE ${body} END)`,
    `[${first}]`,
  );
  return `${list}[1]`;
}

/** Two numerics as `l` and `r` of `a`, or NULL where one of them is. */
function both(left: Expression, right: Expression): readonly [string, readonly [string, string]] {
  const known = 'CASE WHEN (p).l.u IS NULL OR (p).r.u IS NULL THEN NULL ELSE p END';
  return [`{'l': ${struct(left)}, 'r': ${struct(right)}}`, ['p', known]];
}

/** Digits are grouped by four, and the first group of each decides (select_div_scale). */
const WEIGH = `CASE WHEN (a).r.u = 0 THEN ${DIVISION_BY_ZERO} ELSE {'n': (a).l.u, 'd': (a).r.u, 'p': (a).l.s, 'q': (a).r.s,
 'v': CASE WHEN (a).l.u = 0 THEN 0 ELSE (length(CAST(abs((a).l.u) AS VARCHAR)) - 1 - (a).l.s + 4000) // 4 - 1000 END,
 'w': (length(CAST(abs((a).r.u) AS VARCHAR)) - 1 - (a).r.s + 4000) // 4 - 1000} END`;

const firstGroup = (n: string, s: string, weight: string): string => {
  const text = `CAST(abs(${n}) AS VARCHAR)`;
  const digits = `CAST(length(${text}) - ${s} - 4 * ${weight} AS INTEGER)`;
  return `CASE WHEN ${n} = 0 THEN 0 ELSE CAST(rpad(left(${text}, ${digits}), ${digits}, '0') AS INTEGER) END`;
};

const CHOOSE_SCALE = `{'n': (b).n, 'd': (b).d, 'p': (b).p, 'q': (b).q, 's': CAST(greatest(16 - 4 * ((b).v - (b).w
 - CASE WHEN ${firstGroup('(b).n', '(b).p', '(b).v')} <= ${firstGroup('(b).d', '(b).q', '(b).w')} THEN 1 ELSE 0 END), (b).p, (b).q, 0) AS INTEGER)}`;

const SIGN = 'CASE WHEN ((e).n < 0) <> ((e).d < 0) THEN -1 ELSE 1 END';

const DIVIDE = `{'i': abs((e).n) // abs((e).d), 'r': abs((e).n) % abs((e).d), 'd': abs((e).d), 'm': ${SIGN}, 's': (e).s, 'k': (e).s - (e).p + (e).q}`;

/** Nine digits of the quotient; enough of them in turn, and nothing grows beyond 38 digits on the way. */
const MORE_DIGITS = `{'i': (f).i * ${power('least(9, (f).k)')} + (f).r * ${power('least(9, (f).k)')} // (f).d,
 'r': (f).r * ${power('least(9, (f).k)')} % (f).d, 'd': (f).d, 'm': (f).m, 's': (f).s, 'k': (f).k - least(9, (f).k)}`;

/** All of the digits that are left, and half away from zero. */
const ROUND = `{'u': CAST((f).m * ((f).i * ${power('(f).k')} + (2 * (f).r * ${power('(f).k')} + (f).d) // (2 * (f).d)) AS HUGEINT), 's': (f).s}`;

export function divide(dividend: Expression, divisor: Expression): Expression {
  const [first, known] = both(dividend, divisor);
  const isLong = dividend.scale === 'varies' || divisor.scale === 'varies';
  const digits = Array.from({ length: isLong ? 4 : 0 }, () => ['f', MORE_DIGITS] as const);
  return varying(
    steps(first, [
      known,
      ['a', WEIGH],
      ['b', CHOOSE_SCALE],
      ['e', DIVIDE],
      ...digits,
      ['f', ROUND],
    ]),
  );
}

/** Both, with their digits brought to one scale: `x` and `y` of `a`, at its scale `s`. */
function aligned(left: Expression, right: Expression, body: string): string {
  const [first, known] = both(left, right);
  const scale = 'greatest((z).l.s, (z).r.s)';
  const brought = `{'x': (z).l.u * ${power(`${scale} - (z).l.s`)}, 'y': (z).r.u * ${power(`${scale} - (z).r.s`)}, 's': ${scale}}`;
  return steps(first, [known, ['z', brought], ['a', body]]);
}

export function addVarying(left: Expression, operator: '+' | '-', right: Expression): Expression {
  return varying(aligned(left, right, `{'u': (a).x ${operator} (a).y, 's': (a).s}`));
}

export function multiplyVarying(left: Expression, right: Expression): Expression {
  const [first, known] = both(left, right);
  return varying(steps(first, [known, ['a', "{'u': (a).l.u * (a).r.u, 's': (a).l.s + (a).r.s}"]]));
}

export function compareVarying(left: Expression, operator: string, right: Expression): Expression {
  return typed(aligned(left, right, `(a).x ${operator} (a).y`), 'bool');
}

/** As PostgreSQL does: 15 significant digits of double precision, 6 of real, and no zeros at their end. */
export function fromFloat(sql: string, type: string): Expression {
  const digits = type === 'float4' ? 6 : 15;
  const unheld = raise('0A000', 'the numerics NaN and infinity are not held here');
  const given = `CASE WHEN isnan(${sql}) OR isinf(${sql}) THEN ${unheld} ELSE CAST(${sql} AS DOUBLE) END`;
  const text = `{'t': printf('%.${String(digits)}g', a)}`;
  const parts = `{'m': split_part((b).t, 'e', 1), 'e': CASE WHEN contains((b).t, 'e') THEN CAST(split_part((b).t, 'e', 2) AS INTEGER) ELSE 0 END}`;
  const scaled = `{'u': CAST(replace((e).m, '.', '') AS HUGEINT), 's': CAST(length(split_part((e).m, '.', 2)) - (e).e AS INTEGER)}`;
  const whole = `CASE WHEN (f).s < 0 THEN {'u': (f).u * ${power('-(f).s')}, 's': 0} ELSE f END`;
  return varying(
    steps(given, [
      ['a', text],
      ['b', parts],
      ['e', scaled],
      ['f', whole],
    ]),
  );
}

export function negateVarying({ sql }: Expression): Expression {
  return varying(
    bind(sql, 'a', `CASE WHEN (a).u IS NULL THEN NULL ELSE {'u': -(a).u, 's': (a).s} END`),
  );
}

export function absVarying({ sql }: Expression): Expression {
  return varying(
    bind(sql, 'a', `CASE WHEN (a).u IS NULL THEN NULL ELSE {'u': abs((a).u), 's': (a).s} END`),
  );
}

/** As PostgreSQL writes it. */
export function varyingText({ sql }: Expression): string {
  const digits = `{'t': repeat('0', greatest(0, (a).s + 1 - length(CAST(abs((a).u) AS VARCHAR)))) || CAST(abs((a).u) AS VARCHAR), 's': (a).s, 'm': CASE WHEN (a).u < 0 THEN '-' ELSE '' END}`;
  const written = `(b).m || left((b).t, length((b).t) - (b).s) || CASE WHEN (b).s > 0 THEN '.' || right((b).t, (b).s) ELSE '' END`;
  return `list_transform(list_transform([${sql}], lambda a: ${digits}), lambda b: ${written})[1]`;
}

/** Rounded half away from zero to a fixed scale. */
export function roundVarying(value: Expression, scale: number): Expression {
  return typed(`CAST(${varyingText(value)} AS DECIMAL(38, ${String(scale)}))`, 'numeric', {
    scale,
  });
}

export function floorVarying({ sql }: Expression, which: 'floor' | 'ceil'): Expression {
  const one = power('(a).s');
  const up = `((a).u + ${one} - 1) // ${one}`;
  const isDown = which === 'floor';
  // `//` cuts towards zero.
  const body = isDown
    ? `CASE WHEN (a).u >= 0 THEN (a).u // ${one} ELSE -((-(a).u + ${one} - 1) // ${one}) END`
    : `CASE WHEN (a).u > 0 THEN ${up} ELSE (a).u // ${one} END`;
  return typed(`CAST(${bind(sql, 'a', body)} AS DECIMAL(38, 0))`, 'numeric', { scale: 0 });
}

/** Whole part and fraction, in the order of the values and equal where they are, whatever their digits. */
export function orderKey({ sql }: Expression): string {
  const one = power('(a).s');
  const whole = `CASE WHEN (a).u >= 0 OR (a).u % ${one} = 0 THEN (a).u // ${one} ELSE (a).u // ${one} - 1 END`;
  const split = `CASE WHEN (a).u IS NULL THEN NULL ELSE {'i': ${whole}, 'u': (a).u, 's': (a).s} END`;
  const rest = `CAST((b).u - (b).i * ${power('(b).s')} AS VARCHAR)`;
  const fraction = `rpad(repeat('0', greatest(0, (b).s - length(${rest}))) || ${rest}, 80, '0')`;
  const key = `CASE WHEN (b).i IS NULL THEN NULL ELSE {'i': (b).i, 'f': ${fraction}} END`;
  return `list_transform(list_transform([${sql}], lambda a: ${split}), lambda b: ${key})[1]`;
}

/** The first of the greatest, or of the least, with its own digits; NULL only where all are. */
export function extremeVarying(
  which: 'greatest' | 'least',
  values: readonly Expression[],
): Expression {
  const isDown = which === 'greatest';
  const items = values.map(
    (value, index) =>
      `{'k': ${orderKey(value)}, 'i': ${String(isDown ? -index : index)}, 'v': ${value.sql}}`,
  );
  const known = `list_filter([${items.join(', ')}], lambda a: (a).k IS NOT NULL)`;
  const sorted = `list_sort(${known}, '${isDown ? 'DESC' : 'ASC'}', 'NULLS LAST')`;
  return varying(`list_transform(${sorted}, lambda a: (a).v)[1]`);
}

/** A sum of values that were brought to `scale`, with as many digits as the one that has most of them. */
export function shownSum(total: string, scale: number, digits: string): Expression {
  const shift = `CAST(1${'0'.repeat(scale)} AS DECIMAL(${String(scale + 1)}, 0))`;
  const whole = `CAST(CAST(${total} AS DECIMAL(38, ${String(scale)})) * ${shift} AS HUGEINT)`;
  const given = `{'t': ${whole}, 'd': CAST(${digits} AS INTEGER)}`;
  const body = `CASE WHEN (a).t IS NULL THEN NULL ELSE {'u': (a).t // ${power(`${String(scale)} - (a).d`)}, 's': (a).d} END`;
  return varying(bind(given, 'a', body));
}
