/** Functions of days and instants. */
import { coerce } from '../casts.ts';
import type { Environment } from '../environment.ts';
import { castTo, type Expression, quoteLiteral, raise, typed } from '../expression.ts';
import { unsupported } from '../sql-refusal.ts';
import { constantText } from './constant-text.ts';
import { dateBin, timeBucket } from './time-buckets.ts';
import { datePart, extract } from './time-parts.ts';
import { zoneName } from './zone-name.ts';

type Write = (
  args: readonly Expression[],
  environment: Environment,
  location: number | undefined,
) => Expression | null;

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

/** Units for which PostgreSQL keeps the offset that an instant has in a zone. */
const WITHIN_HOURS = new Set(['microseconds', 'milliseconds', 'second', 'minute', 'hour']);

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
    const local = `timezone(${name}, ${at})`;
    const there = `date_trunc('${unit}', ${local})`;
    // An hour that the clocks there have twice is the first or the second of them, as it was before.
    const sql = WITHIN_HOURS.has(unit)
      ? `CASE WHEN isinf(${at}) THEN ${at} ELSE ${at} - (${local} - ${there}) END`
      : `timezone(${name}, ${there})`;
    return castTo(sql, 'timestamptz');
  }
  if (source.type === 'interval') return null;
  const type = isPlain ? 'timestamp' : 'timestamptz';
  return castTo(`date_trunc('${unit}', ${coerce(source, type, environment).sql})`, type);
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
  if (source === undefined || !['timestamp', 'timestamptz', 'date'].includes(source.type))
    return null;
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
