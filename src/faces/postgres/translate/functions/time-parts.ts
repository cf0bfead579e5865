/** extract and date_part. */
import type { Environment } from '../environment.ts';
import { castTo, type Expression, raise, typed } from '../expression.ts';
import { unsupported } from '../sql-refusal.ts';
import { constantText } from './constant-text.ts';

const INFINITE = raise('0A000', 'a part of infinity is not told here');

interface Part {
  /** Digits after the point that extract shows. */
  readonly scale: number;
  readonly write: (value: string) => string;
}

const whole = (word: string): Part => ({
  scale: 0,
  write: (value) => `date_part('${word}', ${value})`,
});

const micros = (value: string): string => `date_part('microseconds', ${value})`;

const PARTS: Readonly<Record<string, Part>> = {
  epoch: { scale: 6, write: (value) => `epoch_us(${value})` },
  microseconds: { scale: 0, write: micros },
  microsecond: { scale: 0, write: micros },
  milliseconds: { scale: 3, write: micros },
  millisecond: { scale: 3, write: micros },
  second: { scale: 6, write: micros },
  seconds: { scale: 6, write: micros },
  minute: whole('minute'),
  hour: whole('hour'),
  day: whole('day'),
  dow: whole('dow'),
  isodow: whole('isodow'),
  doy: whole('doy'),
  week: whole('week'),
  month: whole('month'),
  quarter: whole('quarter'),
  year: whole('year'),
  isoyear: whole('isoyear'),
};

/** A year of a span has 365 days and a quarter, a month 30. */
const OF_INTERVAL: Part = {
  scale: 6,
  write: (span) => {
    const [years, months, days] = ['year', 'month', 'day'].map(
      (unit) => `date_part('${unit}', ${span})`,
    );
    const clock = `(date_part('hour', ${span}) * 3600000000 + date_part('minute', ${span}) * 60000000 + date_part('microseconds', ${span}))`;
    return `((${String(years)} * 1461 + ${String(months)} * 120 + ${String(days)} * 4) * 21600000000 + ${clock})`;
  },
};

const OF_DAYS = new Set([
  'epoch',
  'day',
  'dow',
  'isodow',
  'doy',
  'week',
  'month',
  'quarter',
  'year',
  'isoyear',
]);

function part(
  [field, source]: readonly Expression[],
  location: number | undefined,
): { found: Part; value: Expression; name: string } {
  const name = constantText(field)?.toLowerCase() ?? '';
  const found = PARTS[name];
  if (found === undefined || source === undefined)
    throw unsupported(`extract of ${name || 'a computed field'}`, undefined, location);
  if (name === 'epoch' && source.type === 'interval')
    return { found: OF_INTERVAL, value: source, name };
  const isKnown =
    source.type === 'date' ? OF_DAYS.has(name) : ['timestamp', 'timestamptz'].includes(source.type);
  if (!isKnown) throw unsupported(`extract of ${name} from ${source.type}`, undefined, location);
  return { found, value: source, name };
}

/** A span has no end of its own here: infinite ones came with PostgreSQL 17, and are no literals. */
const finite = ({ sql: value, type }: Expression, sql: string): string =>
  type === 'interval' ? sql : `CASE WHEN isinf(${value}) THEN ${INFINITE} ELSE ${sql} END`;

/** A day has whole seconds, and extract shows no digits after them. */
export function extract(
  args: readonly Expression[],
  _environment: Environment,
  location: number | undefined,
): Expression {
  const { found, value, name } = part(args, location);
  const scale = value.type === 'date' ? 0 : found.scale;
  const sql = found.write(value.sql);
  if (value.type === 'date' && found.scale > 0) {
    return castTo(finite(value, `${sql} // 1000000`), 'numeric', 0);
  }
  if (scale === 0) return castTo(finite(value, sql), 'numeric', 0);
  const unit = `CAST('0.${'0'.repeat(scale - 1)}1' AS DECIMAL(${String(scale + 1)}, ${String(scale)}))`;
  const digits = finite(value, `CAST(${sql} AS DECIMAL(19, 0)) * ${unit}`);
  const told = typed(digits, 'numeric', { scale });
  return name === 'epoch' ? { ...told, epochMicros: finite(value, sql) } : told;
}

export function datePart(
  args: readonly Expression[],
  _environment: Environment,
  location: number | undefined,
): Expression {
  const { found, value, name } = part(args, location);
  const sql = found.write(value.sql);
  if (name === 'epoch' || found.scale === 0) {
    const unit = found.scale === 0 ? '' : ' / 1000000';
    return castTo(finite(value, `(CAST(${sql} AS DOUBLE)${unit})`), 'float8');
  }
  // PostgreSQL adds the seconds and their fraction as two doubles.
  const [factor, divisor] = found.scale === 3 ? ['1000', '1000'] : ['1', '1000000'];
  const seconds = `CAST(${sql} // 1000000 AS DOUBLE) * ${factor}`;
  const fraction = `CAST(${sql} % 1000000 AS DOUBLE) / ${divisor}`;
  return castTo(finite(value, `(${seconds} + ${fraction})`), 'float8');
}
