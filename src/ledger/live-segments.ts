/** What a query asks of the ledger. */

import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { ColumnStatistics } from '../domain/lake/column-statistics.ts';
import type { SegmentFacts } from '../domain/lake/segment-facts.ts';
import type { TimeRange } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';
import { FACTS_COLUMNS, type FactsRow, factsOf } from './segment-facts.ts';

/** Live segments that were written with the very same columns. */
export interface LiveSchema {
  readonly dataset: string;
  /** Tells the segments that belong to it. */
  readonly id: string;
  readonly columns: readonly ColumnPlan[];
  readonly segments: number;
  readonly exampleKey: string;
  /** Of the one that was published first, as `TimedSegment` has them. */
  readonly statistics: Readonly<Record<string, ColumnStatistics>>;
  readonly minTimeUs: bigint;
  /** Of the whole dataset, in microseconds since 1970: no row is earlier or later. */
  readonly span: { readonly firstUs: bigint; readonly lastUs: bigint };
}

/** Of all datasets, each one's oldest publication first. */
export async function listLiveSchemas(db: Queryable): Promise<readonly LiveSchema[]> {
  return liveSchemasOf((await db.query<LiveSchemaRow>(LIVE_SCHEMAS_SQL)).rows);
}

export interface LiveSchemaRow {
  readonly dataset: string;
  readonly id: string;
  readonly columns: ColumnPlan[];
  readonly segments: number;
  readonly example_key: string;
  readonly statistics: Record<string, ColumnStatistics>;
  readonly min_time_us: string;
  readonly first_us: string;
  readonly last_us: string;
}

export const LIVE_SCHEMAS_SQL = `select l.dataset, l.schema_id as id, s.columns, l.segments::int, first.object_key as example_key,
            first.statistics, first.min_time_us::text,
            span.first_us::text, span.last_us::text
     from tierd.live_schemas l
     cross join lateral (
       select g.slice_id, g.object_key, g.published_at, g.statistics, g.min_time_us
       from tierd.segments g
       where g.state = 'live' and g.dataset = l.dataset and g.schema_id = l.schema_id
       order by g.published_at, g.id limit 1
     ) first
     join tierd.slices s on s.id = first.slice_id
     -- By the index: none begins later than the one that begins last, and none is longer than the longest.
     cross join lateral (
       select (select g.min_time_us from tierd.segments g
               where g.state = 'live' and g.dataset = l.dataset order by g.min_time_us limit 1) as first_us,
              (select g.min_time_us from tierd.segments g
               where g.state = 'live' and g.dataset = l.dataset order by g.min_time_us desc limit 1)
              + (select max(longest_us) from tierd.live_schemas where dataset = l.dataset) as last_us
     ) span
     where l.segments > 0
     order by l.dataset, first.published_at, l.schema_id`;

/** @param rows of `LIVE_SCHEMAS_SQL` */
export function liveSchemasOf(rows: readonly LiveSchemaRow[]): readonly LiveSchema[] {
  return rows.map((row) => ({
    dataset: row.dataset,
    id: row.id,
    columns: row.columns,
    segments: row.segments,
    exampleKey: row.example_key,
    statistics: row.statistics,
    minTimeUs: BigInt(row.min_time_us),
    span: { firstUs: BigInt(row.first_us), lastUs: BigInt(row.last_us) },
  }));
}

/** As a trigger keeps it. */
export async function countLive(db: Queryable, dataset: string): Promise<number> {
  const found = await db.query<{ live: number }>(
    'select coalesce(sum(segments), 0)::int as live from tierd.live_schemas where dataset = $1',
    [dataset],
  );
  return found.rows[0]?.live ?? 0;
}

export interface LiveSegment extends SegmentFacts {
  readonly schemaId: string;
  /** Of its bytes, hexadecimal. */
  readonly sha256: string;
}

/**
 * The live segments of a dataset that have a row between two instants, both included, in
 * microseconds since 1970; null is no bound. Oldest data first.
 */
export async function listLiveSegments(
  db: Queryable,
  dataset: string,
  fromInclusiveUs: bigint | null,
  toInclusiveUs: bigint | null,
): Promise<readonly LiveSegment[]> {
  const found = await db.query<FactsRow & { schema_id: string; sha256: string }>(
    `select ${FACTS_COLUMNS}, g.schema_id, g.sha256
     from tierd.segments g
     where g.state = 'live' and g.dataset = $1
       and ($2::bigint is null or g.max_time_us >= $2)
       and ($3::bigint is null or g.min_time_us <= $3)
       -- What begins earlier has ended by then: the index is walked from there, and not from its beginning.
       and ($2::bigint is null or g.min_time_us >= (
         select greatest($2::numeric - max(l.longest_us), -9223372036854775808)::bigint
         from tierd.live_schemas l where l.dataset = $1
       ))
     order by g.min_time_us, g.id`,
    [dataset, boundOf(fromInclusiveUs), boundOf(toInclusiveUs)],
  );
  return found.rows.map((row) => ({
    ...factsOf(row),
    schemaId: row.schema_id,
    sha256: row.sha256,
  }));
}

/**
 * The time of a dataset's slices that are live in the lake.
 *
 * @param only those written with the columns of one of these schemas (null is any), and those that share time with the range
 */
export async function listColdRanges(
  db: Queryable,
  dataset: string,
  only: { readonly schemas: readonly string[] | null; readonly within: TimeRange } | null = null,
): Promise<readonly TimeRange[]> {
  const found = await db.query<{ from_ms: number; to_ms: number }>(
    `select distinct (extract(epoch from s.range_from) * 1000)::float8 as from_ms,
            (extract(epoch from s.range_to) * 1000)::float8 as to_ms
     from tierd.slices s join tierd.segments g on g.slice_id = s.id
     where g.state = 'live' and g.dataset = $1 and s.dataset = $1 and ($2::text[] is null or g.schema_id = any($2))
       -- None is longer than a month: the index is walked from there.
       and s.range_from >= coalesce(to_timestamp($3::float8 / 1000) - interval '32 days', '-infinity')
       and s.range_to > coalesce(to_timestamp($3::float8 / 1000), '-infinity')
       and s.range_from < coalesce(to_timestamp($4::float8 / 1000), 'infinity')
     order by 1`,
    [
      dataset,
      only?.schemas ?? null,
      only?.within.fromInclusive ?? null,
      only?.within.toExclusive ?? null,
    ],
  );
  return found.rows.map((row) => ({ fromInclusive: row.from_ms, toExclusive: row.to_ms }));
}

export interface FolderCount {
  /** `year`, or `tierd_year` and so on where the table had a column of such a name. */
  readonly folder: string;
  readonly segments: number;
}

/** How many live segments of a dataset lie in folders of each name. */
export async function countByFolder(
  db: Queryable,
  dataset: string,
): Promise<readonly FolderCount[]> {
  const found = await db.query<{ folder: string; segments: number }>(
    `select substring(object_key from '^[^/]+/([^/=]+)=') as folder, count(*)::int as segments
     from tierd.segments where state = 'live' and dataset = $1
     group by 1 having substring(object_key from '^[^/]+/([^/=]+)=') is not null order by 1 desc`,
    [dataset],
  );
  return found.rows;
}

const MAX_BIGINT = 2n ** 63n - 1n;

/** As bigint has it: no segment lies beyond, so that a bound beyond is as good at the edge. */
function boundOf(us: bigint | null): string | null {
  if (us === null) return null;
  const [lowest, highest] = [-MAX_BIGINT, MAX_BIGINT];
  return String(us < lowest ? lowest : us > highest ? highest : us);
}
