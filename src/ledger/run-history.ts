/** What ran, whoever began it: the jobs of daemons, and what people typed. */
import type { Queryable } from './queryable.ts';

export interface PastRun {
  /** Of a run by hand `hand-7`: it is counted by itself. */
  readonly id: string;
  /** Whose daemons ran it; null for a run by hand. */
  readonly owner: string | null;
  readonly job: string;
  /** What a run by hand worked on, which has a record for each; null for a daemon's, which may be many, and for all. */
  readonly subject: string | null;
  readonly cause: string;
  readonly slot: string | null;
  readonly holder: string;
  readonly state: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly attempts: number;
  readonly rowsMoved: number | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

interface Row {
  readonly id: string;
  readonly owner: string | null;
  readonly job: string;
  readonly subject: string | null;
  readonly cause: string;
  readonly slot: string | null;
  readonly holder: string;
  readonly state: string;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly attempts: number;
  readonly rows_moved: string | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

const OF_DAEMONS = `
  select id, id::text as run, owner, job, null::text as subject, cause, slot, holder, state, started_at,
         finished_at, attempts, rows_moved, error_code, error_message
  from tierd.job_runs where $1::text is null or job = $1
  order by job_runs.id desc limit $2`;

const BY_HAND = `
  select id, 'hand-' || id as run, null::text as owner, job,
         nullif(regexp_replace(dataset, '^(drain|scrub):', ''), '') as subject, 'by_hand' as cause,
         null::timestamptz as slot, holder, state, started_at, finished_at, 1 as attempts, rows_moved,
         error_code, error_message
  from tierd.runs where by_hand and ($1::text is null or job = $1)
  order by runs.id desc limit $2`;

/** The newest runs of all daemons on this database and of people, newest first. */
export async function listPastRuns(
  db: Queryable,
  filter: { /** Null is every job. */ readonly job: string | null; readonly limit: number },
): Promise<readonly PastRun[]> {
  const found = await db.query<Row>(
    `select run as id, owner, job, subject, cause, ${isoText('slot')} as slot, holder, state,
            ${isoText('started_at')} as started_at, ${isoText('finished_at')} as finished_at,
            attempts, rows_moved::text, error_code, error_message
     from ((${OF_DAEMONS}) union all (${BY_HAND})) runs
     order by runs.started_at desc, runs.id desc limit $2`,
    [filter.job, filter.limit],
  );
  return found.rows.map((row) => ({
    id: row.id,
    owner: row.owner,
    job: row.job,
    subject: row.subject,
    cause: row.cause,
    slot: row.slot,
    holder: row.holder,
    state: row.state,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    attempts: row.attempts,
    rowsMoved: row.rows_moved === null ? null : Number(row.rows_moved),
    errorCode: row.error_code,
    errorMessage: row.error_message,
  }));
}

function isoText(column: string): string {
  return `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
