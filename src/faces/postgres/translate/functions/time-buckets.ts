/** time_bucket and date_bin. */
import { coerce } from '../casts.ts';
import type { Environment } from '../environment.ts';
import { castTo, type Expression } from '../expression.ts';
import { readInterval } from '../interval-literal.ts';
import { SqlRefusal, unsupported } from '../sql-refusal.ts';
import { constantText } from './constant-text.ts';

const TIMES = ['timestamp', 'timestamptz', 'date'];

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

export function timeBucket(
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
): Expression | null {
  if (args.length !== 2)
    throw unsupported('time_bucket with more than a width and a time', undefined, location);
  return bucketed(args, environment, location, null);
}

export function dateBin(
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
