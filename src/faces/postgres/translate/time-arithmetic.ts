/** `+`, `-` and `*` of days, instants and intervals. */
import { coerce } from './casts.ts';
import type { Environment } from './environment.ts';
import { castTo, type Expression, typed } from './expression.ts';
import { isInteger, type PgTypeName } from './pg-types.ts';
import { unsupported } from './sql-refusal.ts';

const TIMES = new Set(['date', 'time', 'timestamp', 'timestamptz', 'interval']);

type Rule = (a: string, b: string) => Expression;

const add: Record<string, Rule> = {
  'date + int4': (a, b) => castTo(`(${a} + ${b})`, 'date'),
  'int4 + date': (a, b) => castTo(`(${b} + ${a})`, 'date'),
  'date + interval': (a, b) => castTo(`(${a} + ${b})`, 'timestamp'),
  'interval + date': (a, b) => castTo(`(${b} + ${a})`, 'timestamp'),
  'date + time': (a, b) => castTo(`(${a} + ${b})`, 'timestamp'),
  'timestamp + interval': (a, b) => castTo(`(${a} + ${b})`, 'timestamp'),
  'interval + timestamp': (a, b) => castTo(`(${b} + ${a})`, 'timestamp'),
  'timestamptz + interval': (a, b) => castTo(`(${a} + ${b})`, 'timestamptz'),
  'interval + timestamptz': (a, b) => castTo(`(${b} + ${a})`, 'timestamptz'),
  'interval + interval': (a, b) => typed(`(${a} + ${b})`, 'interval'),
};

const subtract: Record<string, Rule> = {
  'date - int4': (a, b) => castTo(`(${a} - ${b})`, 'date'),
  'date - date': (a, b) => castTo(`(${a} - ${b})`, 'int4'),
  'date - interval': (a, b) => castTo(`(${a} - ${b})`, 'timestamp'),
  'timestamp - interval': (a, b) => castTo(`(${a} - ${b})`, 'timestamp'),
  'timestamptz - interval': (a, b) => castTo(`(${a} - ${b})`, 'timestamptz'),
  'interval - interval': (a, b) => typed(`(${a} - ${b})`, 'interval'),
  'timestamp - timestamp': (a, b) => apart(a, b),
  'timestamptz - timestamptz': (a, b) => apart(a, b),
};

const multiply: Record<string, Rule> = {
  'interval * int4': (a, b) => typed(`(${a} * ${b})`, 'interval'),
  'int4 * interval': (a, b) => typed(`(${b} * ${a})`, 'interval'),
};

const RULES = { ...add, ...subtract, ...multiply };

/** Whole days of 24 hours, and what is left of the last; both with the sign of the whole. */
function apart(a: string, b: string): Expression {
  const micros = `(epoch_us(${a}) - epoch_us(${b}))`;
  return typed(
    `(to_days(CAST(${micros} // 86400000000 AS INTEGER)) + to_microseconds(${micros} % 86400000000))`,
    'interval',
  );
}

/** Null where no side is of time. @throws SqlRefusal */
export function timeArithmetic(
  operator: string,
  left: Expression,
  right: Expression,
  environment: Environment,
  location: number | undefined,
): Expression | null {
  if (!TIMES.has(left.type) && !TIMES.has(right.type)) return null;
  const [a, b] = settled(operator, left, right, environment);
  const rule = RULES[`${asInt4(a.type)} ${operator} ${asInt4(b.type)}`];
  if (rule === undefined) {
    throw unsupported(`${a.type} ${operator} ${b.type}`, undefined, location);
  }
  return rule(a.sql, b.sql);
}

const asInt4 = (type: PgTypeName): PgTypeName =>
  isInteger(type) && type !== 'int8' ? 'int4' : type;

/** A literal is of the type of the other side, or an interval where only that gives an operator. */
function settled(
  operator: string,
  left: Expression,
  right: Expression,
  environment: Environment,
): readonly [Expression, Expression] {
  if (left.type !== 'unknown' && right.type !== 'unknown') {
    const times = ['date', 'timestamp', 'timestamptz'];
    const [i, j] = [times.indexOf(left.type), times.indexOf(right.type)];
    // Of two kinds of instants the narrower becomes the wider; two days stay days.
    if (operator === '-' && i >= 0 && j >= 0 && i !== j) {
      const type = times[Math.max(i, j)] ?? 'timestamptz';
      return [coerce(left, type, environment), coerce(right, type, environment)];
    }
    return [left, right];
  }
  const known = left.type === 'unknown' ? right.type : left.type;
  const isOwn = `${known} ${operator} ${known}` in RULES;
  const type = isOwn ? known : 'interval';
  if (known === 'date' && !isOwn) return [left, right];
  return [
    left.type === 'unknown' ? coerce(left, type, environment) : left,
    right.type === 'unknown' ? coerce(right, type, environment) : right,
  ];
}
