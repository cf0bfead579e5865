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

/**
 * Oldest first. Sorted here, for PostgreSQL would sort so many on its disk; in doubles, for its exact
 * numbers cost it as much as all else.
 */
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
    `select s.id::text, date_part('epoch', s.range_from) * 1000 as from_ms,
            date_part('epoch', s.range_to) * 1000 as to_ms, s.schema_id as schema,
            sum(g.row_count::float8) as row_count, sum(g.bytes::float8) as bytes,
            count(*)::int as segments, min(g.object_key collate "C") as example_key,
            date_part('epoch', max(g.published_at)) * 1000 as arrived_ms
     from tierd.segments g join tierd.slices s on s.id = g.slice_id
     where g.state = 'live' and g.dataset = $1
     group by s.id`,
    [dataset],
  );
  const slices = found.rows.map((row) => ({
    id: row.id,
    range: { fromInclusive: Math.round(row.from_ms), toExclusive: Math.round(row.to_ms) },
    schema: row.schema,
    rows: row.row_count,
    bytes: row.bytes,
    segments: row.segments,
    exampleKey: row.example_key,
    arrivedAt: row.arrived_ms,
  }));
  return slices.sort(
    (a, b) => a.range.fromInclusive - b.range.fromInclusive || Number(a.id) - Number(b.id),
  );
}
