/** All of a dataset's live slices, summed up: small enough for 100,000 of them. */
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

export interface ColdSliceSum {
  readonly id: string;
  readonly range: TimeRange;
  /** The same for slices that were written with the very same columns. */
  readonly schema: string;
  readonly rows: number;
  readonly bytes: number;
  /** Live ones. */
  readonly segments: number;
  /** Of one of them. */
  readonly exampleKey: string;
  /** When the newest of its segments was published, by PostgreSQL's clock. */
  readonly arrivedAt: EpochMs;
}

/** Oldest first. */
export async function sumColdSlices(
  db: Queryable,
  dataset: string,
): Promise<readonly ColdSliceSum[]> {
  const found = await db.query<{
    id: string;
    from_ms: number;
    to_ms: number;
    schema: string;
    row_count: number;
    bytes: number;
    segments: number;
    example_key: string;
    arrived_ms: number;
  }>(
    `select s.id::text, (extract(epoch from s.range_from) * 1000)::float8 as from_ms,
            (extract(epoch from s.range_to) * 1000)::float8 as to_ms, s.schema_id as schema,
            sum(g.row_count)::float8 as row_count, sum(g.bytes)::float8 as bytes,
            count(*)::int as segments, min(g.object_key) as example_key,
            (extract(epoch from max(g.published_at)) * 1000)::float8 as arrived_ms
     from tierd.segments g join tierd.slices s on s.id = g.slice_id
     where g.state = 'live' and g.dataset = $1
     group by s.id order by s.range_from, s.id`,
    [dataset],
  );
  return found.rows.map((row) => ({
    id: row.id,
    range: { fromInclusive: row.from_ms, toExclusive: row.to_ms },
    schema: row.schema,
    rows: row.row_count,
    bytes: row.bytes,
    segments: row.segments,
    exampleKey: row.example_key,
    arrivedAt: row.arrived_ms,
  }));
}
