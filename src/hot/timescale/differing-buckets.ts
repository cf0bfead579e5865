/** Where what a continuous aggregate keeps is not what its rows give. */

import type { TableRef, TimeColumn } from '../../domain/table.ts';
import { uniteRanges } from '../../domain/time/range-sets.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { exactTime, toMsFloor } from '../measure/measure.ts';
import { timeBounds } from '../measure/time-bounds.ts';
import { join, name, type Queryable, raw, run, type Sql, sql, tableName } from '../sql.ts';

export interface ComparedAggregate {
  /** What users read. Below its watermark it shows what was materialised. */
  readonly view: TableRef;
  /** TimescaleDB's own view of the same columns, which aggregates the rows as they are now. */
  readonly direct: TableRef;
  /** The column that has the bucket's start. */
  readonly bucket: TimeColumn;
}

/** More than that are told as the whole stretch. */
const MOST_BUCKETS = 10_000;

/**
 * The starts of the buckets within `window`, whole buckets below the watermark, that differ; the
 * whole of it where there are very many. Floats may differ in what the order of summing makes.
 */
export async function findDifferingBuckets(
  db: Queryable,
  aggregate: ComparedAggregate,
  window: TimeRange,
): Promise<readonly TimeRange[]> {
  const columns = await columnsOf(db, aggregate.direct);
  const { bucket } = aggregate;
  const found = await run<{ readonly start: string }>(
    db,
    sql`with given as (${contentOf(aggregate.direct, bucket, columns, window)}),
             kept as (${contentOf(aggregate.view, bucket, columns, window)})
        select distinct ${exactTime(bucket, raw('start'))} as start
        from (${unmatched('given', 'kept')} union all ${unmatched('kept', 'given')}) as differing
        limit ${MOST_BUCKETS}`,
  );
  if (found.length === MOST_BUCKETS) return [window];
  return uniteRanges(
    found.map(({ start }) => {
      const fromInclusive = toMsFloor(bucket, start);
      return { fromInclusive, toExclusive: fromInclusive + 1 };
    }),
  );
}

interface AggregatedColumn {
  readonly column: string;
  readonly is_float: boolean;
}

function columnsOf(db: Queryable, view: TableRef): Promise<readonly AggregatedColumn[]> {
  return run<AggregatedColumn>(
    db,
    sql`select a.attname as column, a.atttypid in ('float4'::regtype, 'float8'::regtype) as is_float
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${view.schema} and c.relname = ${view.name} and a.attnum > 0 and not a.attisdropped
        order by a.attnum`,
  );
}

/** Rows that look alike (they were grouped by what is not shown) are told apart by counting them. */
function contentOf(
  view: TableRef,
  bucket: TimeColumn,
  columns: readonly AggregatedColumn[],
  window: TimeRange,
): Sql {
  const listed = (isFloat: boolean): Sql =>
    join(
      columns
        .filter((each) => each.is_float === isFloat)
        .map(({ column }) => sql`shown.${name(column)}`),
      ', ',
    );
  return sql`select *, row_number() over (partition by start, exact order by floats) as nth
             from (select shown.${name(bucket.name)} as start, row(${listed(false)})::text as exact,
                          array[${listed(true)}]::float8[] as floats
                   from ${tableName(view)} as shown
                   where ${timeBounds(bucket, window, 'shown')}) as content`;
}

function unmatched(some: 'given' | 'kept', others: 'given' | 'kept'): Sql {
  return sql`select one.start from ${raw(some)} as one where not exists (
               select from ${raw(others)} as other
               where other.start = one.start and other.exact = one.exact and other.nth = one.nth
                 and not exists (
                   select from unnest(one.floats, other.floats) as pair (a, b)
                   where pair.a is distinct from pair.b
                     and coalesce(abs(pair.a - pair.b) > 1e-9 * greatest(abs(pair.a), abs(pair.b)), true)))`;
}
