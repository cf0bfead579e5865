/** How a continuous aggregate cuts time into buckets. */

import type { TimeColumn, TimeKind } from '../../domain/table.ts';
import { uniteRanges } from '../../domain/time/range-sets.ts';
import type { EpochMs, TimeRange } from '../../domain/time/time-range.ts';
import { exactTime, toMsFloor } from '../measure/measure.ts';
import { unitOf, unitsAt } from '../measure/time-bounds.ts';
import { join, name, type Queryable, raw, run, type Sql, sql } from '../sql.ts';

/** As the aggregate's time_bucket() has them; null where the argument was not given. */
export interface BucketRule {
  readonly time: TimeColumn;
  /** Where time_bucket() lives. */
  readonly schema: string;
  readonly width: string;
  readonly origin: string | null;
  readonly offset: string | null;
  readonly timezone: string | null;
}

/** Null where the aggregate does not cut time by time_bucket(), or TimescaleDB (before 2.15) does not say how. */
export async function readBucketRule(
  db: Queryable,
  time: TimeColumn,
  materialization: number,
): Promise<BucketRule | null> {
  const known = await run(
    db,
    sql`select from pg_attribute
        where attrelid = to_regclass('_timescaledb_catalog.continuous_aggs_bucket_function') and attname = 'bucket_offset'`,
  );
  if (known.length === 0) return null;
  const [found] = await run<Omit<BucketRule, 'time'>>(
    db,
    sql`select n.nspname as schema, b.bucket_width as width, b.bucket_origin as origin,
               b.bucket_offset as offset, b.bucket_timezone as timezone
        from _timescaledb_catalog.continuous_aggs_bucket_function b
        join pg_proc f on f.oid = to_regprocedure(b.bucket_func::text)
        join pg_namespace n on n.oid = f.pronamespace
        where b.mat_hypertable_id = ${materialization}::int and f.proname = 'time_bucket'
          -- It is kept as the session that made the aggregate writes dates: 01/02 may be either.
          and coalesce(b.bucket_origin, '1970') ~ '^-?[0-9]+(-|$)'`,
  );
  return found === undefined ? null : { ...found, time };
}

/** The whole buckets that the ranges touch. */
export async function widenToBuckets(
  db: Queryable,
  rule: BucketRule,
  ranges: readonly TimeRange[],
): Promise<readonly TimeRange[]> {
  if (ranges.length === 0) return [];
  const { time } = rule;
  const firsts = ranges.map(({ fromInclusive }) => textOf(time, fromInclusive));
  const lasts = ranges.map(({ toExclusive }) => textOf(time, toExclusive - 1));
  const found = await run<{ readonly start: string; readonly end: string }>(
    db,
    sql`select ${exactTime(time, startOf(rule, raw('given.first')))} as start,
               ${exactTime(time, nextAfter(rule, startOf(rule, raw('given.last'))))} as end
        from unnest(${firsts}::text[], ${lasts}::text[]) as given (first, last)`,
  );
  return uniteRanges(
    found.map(({ start, end }) => ({
      fromInclusive: toMsFloor(time, start),
      toExclusive: toMsFloor(time, end),
    })),
  );
}

/** As SQL reads it. */
function textOf(time: TimeColumn, at: EpochMs): string {
  return time.kind === 'integer'
    ? unitsAt(at, unitOf(time)).toString()
    : new Date(at).toISOString().replace('Z', time.kind === 'timestamptz' ? 'Z' : '');
}

const TYPES: Readonly<Record<TimeKind, Sql>> = {
  timestamptz: raw('timestamptz'),
  timestamp: raw('timestamp'),
  date: raw('date'),
  integer: raw('bigint'),
};

function startOf({ time, schema, width, origin, offset, timezone }: BucketRule, at: Sql): Sql {
  const type = TYPES[time.kind];
  const step = time.kind === 'integer' ? type : raw('interval');
  const optional = [
    timezone === null ? [] : [sql`timezone => ${timezone}::text`],
    origin === null ? [] : [sql`origin => ${origin}::${type}`],
    offset === null ? [] : [sql`"offset" => ${offset}::${step}`],
  ].flat();
  const given = [sql`bucket_width => ${width}::${step}`, sql`ts => ${at}::${type}`, ...optional];
  return sql`${name(schema)}.time_bucket(${join(given, ', ')})`;
}

/** Days and months of a time zone are as long as its clocks make them. */
function nextAfter({ time, width, timezone }: BucketRule, start: Sql): Sql {
  if (time.kind === 'integer') return sql`${start} + ${width}::bigint`;
  if (time.kind === 'date') return sql`(${start} + ${width}::interval)::date`;
  if (timezone === null) return sql`${start} + ${width}::interval`;
  return sql`case when ${width}::interval < interval '1 day' then ${start} + ${width}::interval
                  else (${start} at time zone ${timezone}::text + ${width}::interval) at time zone ${timezone}::text end`;
}
