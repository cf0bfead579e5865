/** time_bucket and date_bin. */
import { coerce } from '../casts.ts';
import type { Environment } from '../environment.ts';
import { castTo, type Expression, typed } from '../expression.ts';
import { type Interval, readInterval } from '../interval-literal.ts';
import { isText } from '../pg-types.ts';
import { SqlRefusal, unsupported } from '../sql-refusal.ts';
import { constantText } from './constant-text.ts';
import { zoneName } from './zone-name.ts';

const TIMES = ['timestamp', 'timestamptz', 'date'];

interface Width {
  readonly sql: string;
  readonly isOfMonths: boolean;
}

function width(
  value: Expression | undefined,
  environment: Environment,
  location: number | undefined,
): Width {
  const known = value === undefined ? null : (literalInterval(value) ?? intervalIn(value.sql));
  if (value === undefined || known === null)
    throw unsupported(
      'a width of buckets that is no literal',
      "Write it as '5 minutes'.",
      location,
    );
  const { months, days, micros } = known;
  const rest = days * DAY + micros;
  if (months !== 0n && rest !== 0n)
    throw unsupported('a bucket of months and days', "Write it as '1 month'.", location);
  if (months + rest <= 0n)
    throw new SqlRefusal('22023', 'period must be greater than 0', { location });
  return { sql: coerce(value, 'interval', environment).sql, isOfMonths: months !== 0n };
}

const DAY = 86_400_000_000n;

function literalInterval(value: Expression): Interval | null {
  const text = constantText(value, '1 day');
  return text === null ? null : readInterval(text);
}

function intervalIn(sql: string): Interval | null {
  const [, months, days, micros] =
    /^CAST\('(-?\d+) months (-?\d+) days (-?\d+) microseconds' AS INTERVAL\)$/.exec(sql) ?? [];
  if (months === undefined || days === undefined || micros === undefined) return null;
  return { months: BigInt(months), days: BigInt(days), micros: BigInt(micros) };
}

/** Both are of one of TIMES; the origin counts from its own time. */
function bucketed(
  { sql: period }: Width,
  source: Expression,
  origin: Expression | null,
): Expression {
  const { type } = source;
  const from = origin === null ? '' : `, ${plain(origin)}`;
  const bucket = `time_bucket(${period}, ${plain(source)}${from})`;
  // In UTC, whatever the session's zone is: as instants are held.
  return castTo(type === 'timestamptz' ? `timezone('UTC', ${bucket})` : bucket, type);
}

function plain({ sql, type }: Expression): string {
  if (type === 'timestamptz') return `timezone('UTC', ${sql})`;
  return type === 'date' ? `CAST(${sql} AS TIMESTAMP)` : sql;
}

/** With what TimescaleDB knows as a third argument: a zone, an offset or an origin. */
export function timeBucket(
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  const [period, given, more] = args;
  if (given === undefined) return null;
  const size = width(period, environment, location);
  const source = given.type === 'unknown' ? coerce(given, 'timestamptz', environment) : given;
  if (!TIMES.includes(source.type)) return null;
  if (args.length > 3) throw unsupported('time_bucket with four arguments', undefined, location);
  if (more === undefined) return bucketed(size, source, null);
  if (more.type === 'interval') return withOffset(size, source, more, location);
  if (more.type === 'unknown' || isText(more.type)) {
    if (source.type !== 'timestamptz') return null;
    const zone = zoneName(more, location);
    const there = `time_bucket(${size.sql}, timezone(${zone}, ${source.sql}))`;
    return castTo(`timezone(${zone}, ${there})`, 'timestamptz');
  }
  if (more.type !== source.type) return null;
  if (size.isOfMonths)
    throw unsupported('a bucket of months with an origin', "Use date_trunc('month', …).", location);
  return bucketed(size, source, more);
}

function withOffset(
  size: Width,
  source: Expression,
  offset: Expression,
  location: number | undefined,
): Expression {
  const known = intervalIn(offset.sql);
  if (known?.months !== 0n || source.type === 'date')
    throw unsupported('such an offset of buckets', "Write it as interval '30 minutes'.", location);
  const moved = typed(`(${source.sql} - ${offset.sql})`, source.type);
  return castTo(`(${bucketed(size, moved, null).sql} + ${offset.sql})`, source.type);
}

export function dateBin(
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  const [period, source, origin] = args;
  if (period === undefined || source === undefined || origin === undefined || args.length !== 3)
    return null;
  const size = width(period, environment, location);
  if (size.isOfMonths)
    throw unsupported('a bucket of months', "Use date_trunc('month', …).", location);
  const isPlain =
    source.type === 'timestamp' || (source.type !== 'timestamptz' && origin.type === 'timestamp');
  const type = isPlain ? 'timestamp' : 'timestamptz';
  return bucketed(size, coerce(source, type, environment), coerce(origin, type, environment));
}
