/** Functions of days and instants. */
import { coerce } from '../casts.ts';
import type { Environment } from '../environment.ts';
import { castTo, type Expression, isOpen, quoteLiteral, raise, typed } from '../expression.ts';
import { readInterval } from '../interval-literal.ts';
import { SqlRefusal, unsupported } from '../sql-refusal.ts';

type Write = (
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
) => Expression | null;

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

function constantText(value: Expression | undefined, otherwise = 'day'): string | null {
  if (value === undefined) return null;
  // What it may be is looked at when it is bound.
  if (isOpen(value)) return otherwise;
  if (typeof value.literal === 'string') return value.literal;
  const [, inner] = /^'((?:[^']|'')*)'$/.exec(value.sql) ?? [];
  return inner === undefined ? null : inner.replaceAll("''", "'");
}

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
function extract(
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

function datePart(
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

const UNITS = new Set([
  'microseconds',
  'milliseconds',
  'second',
  'minute',
  'hour',
  'day',
  'week',
  'month',
  'quarter',
  'year',
  'decade',
  'century',
  'millennium',
]);

function dateTrunc(
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  const [field, source, zone] = args;
  const unit = constantText(field)?.toLowerCase() ?? '';
  if (source === undefined || args.length > 3) return null;
  if (!UNITS.has(unit) || ['decade', 'century', 'millennium'].includes(unit)) {
    throw unsupported(`date_trunc to ${unit || 'a computed unit'}`, undefined, location);
  }
  const isPlain = source.type === 'timestamp';
  if (zone !== undefined) {
    const name = zoneName(zone, location);
    const at = coerce(source, 'timestamptz', environment).sql;
    return castTo(
      `timezone(${name}, date_trunc('${unit}', timezone(${name}, ${at})))`,
      'timestamptz',
    );
  }
  if (source.type === 'interval') return null;
  const type = isPlain ? 'timestamp' : 'timestamptz';
  return castTo(`date_trunc('${unit}', ${coerce(source, type, environment).sql})`, type);
}

/** Of a place, or UTC. What PostgreSQL takes for an abbreviation means other offsets in other files. */
function zoneName(zone: Expression, location: number | undefined): string {
  const name = constantText(zone, 'UTC');
  if (name === null || !/^(UTC|GMT|[A-Z][A-Za-z_]+(\/[A-Za-z_+-]+\d*)+)$/.test(name)) {
    throw unsupported(
      'a time zone that is no name of a place',
      "Name it as 'Europe/Berlin' or 'UTC'.",
      location,
    );
  }
  return quoteLiteral(name);
}

function timezone(
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  const [zone, source] = args;
  if (zone === undefined || source === undefined) return null;
  const name = zoneName(zone, location);
  if (source.type === 'timestamp') return castTo(`timezone(${name}, ${source.sql})`, 'timestamptz');
  const at = coerce(source, 'timestamptz', environment);
  return castTo(`timezone(${name}, ${at.sql})`, 'timestamp');
}

/** A width of whole days or less, so that no month is divided. */
function width(
  value: Expression | undefined,
  environment: Environment,
  location: number | undefined,
): { sql: string; isShort: boolean } {
  const text = constantText(value, '1 day');
  if (value === undefined) throw unsupported('a bucket without a width', undefined, location);
  const read = text === null ? null : readInterval(text);
  const known = read ?? (value.type === 'interval' ? intervalIn(value.sql) : null);
  if (known === null)
    throw unsupported(
      'a width of buckets that is no literal',
      "Write it as '5 minutes'.",
      location,
    );
  if (known.months !== 0n)
    throw unsupported('a bucket of months', "Use date_trunc('month', …).", location);
  if (known.days * 86_400_000_000n + known.micros <= 0n) {
    throw new SqlRefusal('22023', 'period must be greater than 0', { location });
  }
  const micros = known.days * 86_400_000_000n + known.micros;
  return {
    sql: coerce(value, 'interval', environment).sql,
    isShort: 86_400_000_000n % micros === 0n && micros < 86_400_000_000n,
  };
}

function intervalIn(sql: string) {
  const [, months, days, micros] =
    /^CAST\('(-?\d+) months (-?\d+) days (-?\d+) microseconds' AS INTERVAL\)$/.exec(sql) ?? [];
  if (months === undefined || days === undefined || micros === undefined) return null;
  return { months: BigInt(months), days: BigInt(days), micros: BigInt(micros) };
}

const TIMES = ['timestamp', 'timestamptz', 'date'];

function bucketed(
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
  origin: string | null,
): Expression | null {
  const [period, source] = args;
  const { sql } = width(period, environment, location);
  const type = source?.type === 'unknown' ? 'timestamptz' : source?.type;
  if (source === undefined || type === undefined || !TIMES.includes(type)) return null;
  const value = coerce(source, type, environment).sql;
  if (type === 'date') {
    if (origin !== null) return null;
    return castTo(`time_bucket(${sql}, CAST(${value} AS TIMESTAMP))`, 'date');
  }
  if (type === 'timestamp')
    return castTo(
      `time_bucket(${sql}, ${value}${origin === null ? '' : `, ${origin}`})`,
      'timestamp',
    );
  // In UTC, whatever the session's zone is: as instants are held.
  const utc = `timezone('UTC', ${value})`;
  const from = origin === null ? '' : `, timezone('UTC', ${origin})`;
  return castTo(`timezone('UTC', time_bucket(${sql}, ${utc}${from}))`, 'timestamptz');
}

function timeBucket(
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  if (args.length !== 2)
    throw unsupported('time_bucket with more than a width and a time', undefined, location);
  return bucketed(args, environment, location, null);
}

function dateBin(
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  const [period, source, origin] = args;
  if (period === undefined || source === undefined || origin === undefined || args.length !== 3)
    return null;
  const isPlain =
    source.type === 'timestamp' || (source.type !== 'timestamptz' && origin.type === 'timestamp');
  const type = isPlain ? 'timestamp' : 'timestamptz';
  const from = coerce(origin, type, environment).sql;
  return bucketed([period, coerce(source, type, environment)], environment, location, from);
}

/** The seconds since 1970, rounded to microseconds as PostgreSQL does: from 2000 on. */
function toTimestamp(args: readonly Expression[], environment: Environment): Expression | null {
  const [seconds, more] = args;
  if (seconds === undefined || more !== undefined) return null;
  const x = coerce(seconds, 'float8', environment).sql;
  const micros = `CAST(round_even((${x} - 946684800) * 1000000, 0) AS BIGINT) + 946684800000000`;
  return castTo(`make_timestamptz(${micros})`, 'timestamptz');
}

const PATTERNS: Readonly<Record<string, string>> = {
  YYYY: '%Y',
  MM: '%m',
  DD: '%d',
  HH24: '%H',
  MI: '%M',
  SS: '%S',
};

/** The patterns of days and clocks in numbers, with signs and blanks between them. */
function toChar(
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  const [source, pattern] = args;
  if (source === undefined || !TIMES.includes(source.type)) return null;
  const text = constantText(pattern, 'YYYY');
  const form = /^(?:YYYY|MM|DD|HH24|MI|SS|[-/:., ]|"[A-Za-z]+")+$/;
  if (text === null || !form.test(text) || text.length > 60) {
    throw unsupported(
      'such a pattern of to_char',
      'YYYY, MM, DD, HH24, MI and SS are known.',
      location,
    );
  }
  const written = text.replaceAll(
    /YYYY|MM|DD|HH24|MI|SS|"[A-Za-z]+"/g,
    (part) => PATTERNS[part] ?? part.slice(1, -1),
  );
  const value = coerce(
    source,
    source.type === 'timestamp' ? 'timestamp' : 'timestamptz',
    environment,
  ).sql;
  const plain = `CAST(${value} AS TIMESTAMP)`;
  const other = raise('0A000', 'to_char of years before 1000 or after 9999 is not supported here');
  return typed(
    `CASE WHEN isinf(${plain}) OR year(${plain}) NOT BETWEEN 1000 AND 9999 THEN ${other} ELSE strftime(${plain}, ${quoteLiteral(written)}) END`,
    'text',
  );
}

const clock =
  (sql: string, type: string): Write =>
  (args) =>
    args.length === 0 ? castTo(sql, type) : null;

export const TIME_FUNCTIONS: Readonly<Record<string, Write>> = {
  extract,
  date_part: datePart,
  date_trunc: dateTrunc,
  timezone,
  time_bucket: timeBucket,
  date_bin: dateBin,
  to_char: toChar,
  to_timestamp: toTimestamp,
  now: clock('now()', 'timestamptz'),
  transaction_timestamp: clock('now()', 'timestamptz'),
  statement_timestamp: clock('now()', 'timestamptz'),
};
