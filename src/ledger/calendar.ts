/** What a calendar asks of the ledger. */
import type { ColdSegment } from '../domain/survey/calendar.ts';
import type { EpochMs, TimeRange } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

/** Live segments with a row in `range`, as whole milliseconds around their rows. */
export async function listColdSegments(
  db: Queryable,
  dataset: string,
  range: TimeRange,
): Promise<readonly ColdSegment[]> {
  const found = await db.query<{ rows: string; from_ms: string; to_ms: string; bad: boolean }>(
    `select g.row_count::text as rows, floor(g.min_time_us / 1000.0)::text as from_ms,
            (floor(g.max_time_us / 1000.0) + 1)::text as to_ms, f.object_key is not null as bad
     from tierd.segments g left join tierd.scrub_findings f using (object_key)
     where g.state = 'live' and g.dataset = $1 and g.max_time_us >= $2 and g.min_time_us < $3
     order by g.min_time_us, g.id`,
    [dataset, microseconds(range.fromInclusive), microseconds(range.toExclusive)],
  );
  return found.rows.map((row) => ({
    range: { fromInclusive: Number(row.from_ms), toExclusive: Number(row.to_ms) },
    rows: Number(row.rows),
    isBad: row.bad,
  }));
}

/** The oldest and the newest row of the dataset in the lake, to the millisecond. */
export async function coldEdges(
  db: Queryable,
  dataset: string,
): Promise<{ readonly oldest: EpochMs; readonly newest: EpochMs } | null> {
  const found = await db.query<{ oldest: string | null; newest: string | null }>(
    `select floor(min(min_time_us) / 1000.0)::text as oldest,
            floor(max(max_time_us) / 1000.0)::text as newest
     from tierd.segments where state = 'live' and dataset = $1`,
    [dataset],
  );
  const { oldest = null, newest = null } = found.rows[0] ?? {};
  if (oldest === null || newest === null) return null;
  return { oldest: Number(oldest), newest: Number(newest) };
}

/** The ranges of moves that were begun and not finished: under way, or waiting to be recovered. */
export async function listMovesUnderWay(
  db: Queryable,
  dataset: string,
): Promise<readonly TimeRange[]> {
  const found = await db.query<{ from_ms: string; to_ms: string }>(
    `select (extract(epoch from range_from) * 1000)::bigint::text as from_ms,
            (extract(epoch from range_to) * 1000)::bigint::text as to_ms
     from tierd.moves
     where dataset = $1 and state in ('exporting', 'publishing', 'committed')`,
    [dataset],
  );
  return found.rows.map((row) => ({
    fromInclusive: Number(row.from_ms),
    toExclusive: Number(row.to_ms),
  }));
}

function microseconds(ms: EpochMs): string {
  return (BigInt(ms) * 1000n).toString();
}
