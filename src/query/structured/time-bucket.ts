/** Which bar a row belongs to, and when that bar begins. */
import type { Timeframe } from '../../domain/ask/structured-ask.ts';
import { quoteName } from '../sql/sql-text.ts';
import type { Parameters } from './compiled.ts';
import { type DatasetShape, invalid } from './dataset-shape.ts';

const INTERVALS: Readonly<Record<Exclude<Timeframe, '1d'>, string>> = {
  '1m': '1 minute',
  '5m': '5 minutes',
  '15m': '15 minutes',
  '1h': '1 hour',
};

export interface TimeBucket {
  /** Of a row: rows of one bucket have the same. */
  readonly key: string;
  /** The instant at which it begins, made of `key`, which is called `bucket`. */
  readonly start: string;
  /** That the row has a time that a bucket can have. */
  readonly condition: string;
}

/** @throws TierdError QUERY_INVALID where the column can't tell such times, or there is no such zone */
export function timeBucket(
  shape: DatasetShape,
  timeframe: Timeframe,
  timeZone: string | null,
  parameters: Parameters,
): TimeBucket {
  const { kind } = shape.time;
  if (timeZone !== null) assertZone(shape, timeframe, timeZone);
  const instant = instantOf(shape);
  const condition = kind === 'integer' ? `${instant} is not null` : `isfinite(${instant})`;
  if (timeframe !== '1d') {
    if (kind === 'date') {
      throw invalid(
        `timeframe: the times of ${shape.name} are days, which have no ${timeframe}. Nothing was read.`,
        'Ask for timeframe=1d.',
      );
    }
    const key = `time_bucket(interval '${INTERVALS[timeframe]}', ${instant})`;
    return { key, start: 'bucket', condition };
  }
  if (timeZone === null)
    return { key: `date_trunc('day', ${instant})`, start: 'bucket', condition };
  const zone = parameters.add(timeZone);
  const key = `date_trunc('day', timezone(${zone}, ${instant}))`;
  const midnight = `timezone(${zone}, bucket)`;
  const hourBefore = `${midnight} - interval '1 hour'`;
  // Where clocks are set back at one o'clock there are two midnights, and the day begins at the first.
  const start = `case when date_trunc('day', timezone(${zone}, ${hourBefore})) = bucket then ${hourBefore} else ${midnight} end`;
  return { key, start, condition };
}

/** The time of a row as DuckDB counts it: an instant, a local time or a day. */
export function instantOf({ time }: DatasetShape): string {
  const name = quoteName(time.name);
  if (time.kind !== 'integer') return name;
  switch (time.unit) {
    case 's':
      return `make_timestamptz(${name}::bigint * 1000000)`;
    case 'ms':
      return `make_timestamptz(${name}::bigint * 1000)`;
    case 'ns':
      // Rounded down, before 1970 too.
      return `make_timestamptz(((${name}::hugeint - ((${name}::hugeint % 1000) + 1000) % 1000) // 1000)::bigint)`;
    default:
      return `make_timestamptz(${name}::bigint)`;
  }
}

function assertZone({ name, time }: DatasetShape, timeframe: Timeframe, timeZone: string): void {
  if (timeframe !== '1d') {
    throw invalid(
      `tz: a bar of ${timeframe} is the same in every time zone. Nothing was read.`,
      'Leave tz out, or ask for timeframe=1d.',
    );
  }
  if (time.kind === 'timestamp' || time.kind === 'date') {
    throw invalid(
      `tz: the times of ${name} have no zone, so their days are what they say. Nothing was read.`,
      'Leave tz out.',
    );
  }
  if (!isZone(timeZone)) {
    throw invalid(
      `tz: there is no time zone ${JSON.stringify(timeZone.slice(0, 60))}. Nothing was read.`,
      'Give a name such as Europe/Berlin or America/New_York.',
    );
  }
}

function isZone(timeZone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(timeZone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
