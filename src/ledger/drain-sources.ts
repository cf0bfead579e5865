/** What each source of the drain has brought in, and which of it Redis may hand out again. */
import type { TimeRange } from '../domain/time/time-range.ts';
import type { Queryable } from './queryable.ts';

/**
 * Call it first in a batch's transaction. Whoever else has this row locked is a transaction of the
 * same source that has not ended: one whose COMMIT was never answered (I9). Waits for its end.
 */
export async function lockSource(db: Queryable, source: string, dataset: string): Promise<void> {
  await db.query(
    `insert into tierd.drain_sources (source, dataset) values ($1, $2)
     on conflict (source) do update set dataset = excluded.dataset`,
    [source, dataset],
  );
}

/** What one batch adds. */
export interface BatchCounts {
  readonly entries: number;
  readonly rows: number;
  readonly deadLetters: number;
  readonly flagged: number;
  readonly repeated: number;
  /** Have the key of another entry's row. */
  readonly sameKey: number;
  readonly lost: number;
  /** Of its rows, both null when none has a time. */
  readonly oldestTimeUs: number | null;
  readonly newestTimeUs: number | null;
  /** Its rows are known by their key in the table alone until Redis has been told: `settleSource`. */
  readonly isUnsettled: boolean;
  /** What was found that no dead letter can hold: keys of a wrong type. */
  readonly problem: string | null;
}

export async function recordBatch(
  db: Queryable,
  source: string,
  counts: BatchCounts,
): Promise<void> {
  await db.query(
    `update tierd.drain_sources
     set batches = batches + 1, entries = entries + $2, rows_written = rows_written + $3,
         dead_letters = dead_letters + $4, flagged = flagged + $5, repeated = repeated + $6,
         lost = lost + $7, newest_time_us = greatest(newest_time_us, $8::bigint),
         last_batch_at = clock_timestamp(), last_problem = coalesce($9, last_problem),
         last_problem_at = case when $9::text is null then last_problem_at else clock_timestamp() end,
         unsettled_from_us = least(unsettled_from_us, $10::bigint),
         unsettled_to_us = greatest(unsettled_to_us, $11::bigint),
         same_key = same_key + $12
     where source = $1`,
    [
      source,
      counts.entries,
      counts.rows,
      counts.deadLetters,
      counts.flagged,
      counts.repeated,
      counts.lost,
      counts.newestTimeUs,
      counts.problem,
      counts.isUnsettled ? counts.oldestTimeUs : null,
      counts.isUnsettled ? counts.newestTimeUs : null,
      counts.sameKey,
    ],
  );
}

/** How many batches of the source were committed, as text: whether one was since is all that it tells. */
export async function countBatches(db: Queryable, source: string): Promise<string> {
  const found = await db.query<{ batches: string }>(
    'select batches::text from tierd.drain_sources where source = $1',
    [source],
  );
  return found.rows[0]?.batches ?? '0';
}

/** Why the source does not run at the moment, for people; the last one stays until there is another. */
export async function noteProblem(
  db: Queryable,
  source: string,
  dataset: string,
  problem: string,
): Promise<void> {
  await db.query(
    `insert into tierd.drain_sources (source, dataset, last_problem, last_problem_at)
     values ($1, $2, $3, clock_timestamp())
     on conflict (source) do update
     set last_problem = excluded.last_problem, last_problem_at = excluded.last_problem_at`,
    [source, dataset, problem],
  );
}

/** Call it when a pass over all keys has ended: Redis has been told of every row of this source. */
export async function settleSource(db: Queryable, source: string): Promise<void> {
  await db.query(
    `update tierd.drain_sources set unsettled_from_us = null, unsettled_to_us = null
     where source = $1 and unsettled_from_us is not null`,
    [source],
  );
}

/** A source of the dataset that may bring in rows of `range` a second time, or null. */
export async function findUnsettledSource(
  db: Queryable,
  dataset: string,
  range: TimeRange,
): Promise<string | null> {
  const found = await db.query<{ source: string }>(
    `select source from tierd.drain_sources
     where dataset = $1 and unsettled_from_us < $3::bigint * 1000 and unsettled_to_us >= $2::bigint * 1000
     order by source limit 1`,
    [dataset, range.fromInclusive, range.toExclusive],
  );
  return found.rows[0]?.source ?? null;
}

export interface SourceRecord {
  readonly source: string;
  readonly batches: number;
  readonly entries: number;
  readonly rows: number;
  readonly deadLetters: number;
  /** Of the dead letters, those that nobody has retried or discarded. */
  readonly waitingLetters: number;
  readonly flagged: number;
  readonly repeated: number;
  readonly sameKey: number;
  readonly lost: number;
  readonly newestTimeUs: number | null;
  readonly lastBatchAt: string | null;
  readonly lastProblem: string | null;
  readonly lastProblemAt: string | null;
}

export async function listSources(db: Queryable): Promise<readonly SourceRecord[]> {
  const found = await db.query<Record<string, string | null> & { readonly source: string }>(
    `select source, batches::text, entries::text, rows_written::text, dead_letters::text,
            flagged::text, repeated::text, same_key::text, lost::text, newest_time_us::text, last_problem,
            to_char(last_batch_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as last_batch_at,
            to_char(last_problem_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as last_problem_at,
            (select count(*) from tierd.dead_letters letters
             where letters.source = drain_sources.source and letters.state = 'waiting')::text as waiting
     from tierd.drain_sources order by source`,
  );
  return found.rows.map((row) => ({
    source: row.source,
    batches: Number(row['batches']),
    entries: Number(row['entries']),
    rows: Number(row['rows_written']),
    deadLetters: Number(row['dead_letters']),
    waitingLetters: Number(row['waiting']),
    flagged: Number(row['flagged']),
    repeated: Number(row['repeated']),
    sameKey: Number(row['same_key']),
    lost: Number(row['lost']),
    newestTimeUs: numberOrNull(row['newest_time_us']),
    lastBatchAt: row['last_batch_at'] ?? null,
    lastProblem: row['last_problem'] ?? null,
    lastProblemAt: row['last_problem_at'] ?? null,
  }));
}

function numberOrNull(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}
