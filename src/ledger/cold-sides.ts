/** What the lake has of each dataset, by the ledger. */
import type { Queryable } from './queryable.ts';

export interface ColdSide {
  readonly rows: number;
  readonly segments: number;
  readonly bytes: number;
  /** ISO 8601 in UTC, to the millisecond; null where it is beyond the years that has. */
  readonly oldest: string | null;
  readonly newest: string | null;
}

/** By dataset; of those with a live segment. */
export async function listColdSides(db: Queryable): Promise<ReadonlyMap<string, ColdSide>> {
  const found = await db.query<{
    dataset: string;
    rows: string;
    segments: number;
    bytes: string;
    oldest_ms: string;
    newest_ms: string;
  }>(
    `select dataset, sum(row_count)::text as rows, count(*)::int as segments, sum(bytes)::text as bytes,
            floor(min(min_time_us) / 1000.0)::text as oldest_ms,
            floor(max(max_time_us) / 1000.0)::text as newest_ms
     from tierd.segments where state = 'live' group by dataset`,
  );
  return new Map(
    found.rows.map((row) => [
      row.dataset,
      {
        rows: Number(row.rows),
        segments: row.segments,
        bytes: Number(row.bytes),
        oldest: iso(Number(row.oldest_ms)),
        newest: iso(Number(row.newest_ms)),
      },
    ]),
  );
}

function iso(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
