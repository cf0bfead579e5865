/** The history of runs: one row for each job on a dataset. */
import type { Queryable } from './queryable.ts';

export type RunState =
  | 'running'
  | 'done'
  | 'partly'
  | 'failed'
  | 'refused'
  | 'interrupted'
  | 'abandoned';

export interface RunEnd {
  readonly state: Exclude<RunState, 'running'>;
  readonly rowsMoved: bigint;
  readonly bytesWritten: bigint;
  /** Late rows whose key the lake had, and of these those with other values; of a rotation. */
  readonly rowsAgain?: number;
  readonly rowsChanged?: number;
  /** The hot table before a rotation and after its VACUUM; null where it was not measured. */
  readonly hotBytesBefore?: number | null;
  readonly hotBytesAfter?: number | null;
  readonly errorCode?: string | undefined;
  readonly errorMessage?: string | undefined;
}

export interface RunRecord {
  readonly id: bigint;
  readonly job: string;
  readonly dataset: string;
  readonly holder: string;
  readonly state: RunState;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly rowsMoved: bigint;
  readonly bytesWritten: bigint;
  readonly rowsAgain: bigint;
  readonly rowsChanged: bigint;
  readonly hotBytesBefore: number | null;
  readonly hotBytesAfter: number | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/** @param startedAtMs the clock that the plan was made by: the next run compares its own with it. */
export async function startRun(
  db: Queryable,
  run: {
    readonly job: string;
    readonly dataset: string;
    readonly holder: string;
    /** A person's command: no daemon keeps a record of it. */
    readonly isByHand: boolean;
    readonly startedAtMs: number;
  },
): Promise<bigint> {
  const inserted = await db.query<{ id: string }>(
    `insert into tierd.runs (job, dataset, holder, state, started_at, by_hand)
     values ($1, $2, $3, 'running', $4::timestamptz, $5) returning id::text`,
    [run.job, run.dataset, run.holder, new Date(run.startedAtMs).toISOString(), run.isByHand],
  );
  return BigInt(inserted.rows[0]?.id ?? '0');
}

export async function finishRun(db: Queryable, runId: bigint, end: RunEnd): Promise<void> {
  await db.query(
    `update tierd.runs
     set state = $2, finished_at = clock_timestamp(), rows_moved = $3, bytes_written = $4,
         error_code = $5, error_message = $6, rows_again = $7, rows_changed = $8,
         hot_bytes_before = $9, hot_bytes_after = $10
     where id = $1 and state = 'running'
       and set_config('synchronous_commit', 'local', true) is not null`,
    [
      runId.toString(),
      end.state,
      end.rowsMoved.toString(),
      end.bytesWritten.toString(),
      end.errorCode ?? null,
      end.errorMessage ?? null,
      end.rowsAgain ?? 0,
      end.rowsChanged ?? 0,
      end.hotBytesBefore ?? null,
      end.hotBytesAfter ?? null,
    ],
  );
}

/** Adds a run that has ended. */
export async function recordRun(
  db: Queryable,
  run: Pick<RunEnd, 'state' | 'errorCode' | 'errorMessage'> & {
    /** `scrub:market_data`; `scrub:` is one of all datasets. */
    readonly dataset: string;
    readonly holder: string;
    readonly startedAtMs: number;
  },
): Promise<void> {
  await db.query(
    `insert into tierd.runs (job, dataset, holder, state, started_at, finished_at, by_hand, error_code, error_message)
     values (split_part($1, ':', 1), $1, $2, $3, $4::timestamptz, greatest(clock_timestamp(), $4::timestamptz), true, $5, $6)`,
    [
      run.dataset,
      run.holder,
      run.state,
      new Date(run.startedAtMs).toISOString(),
      run.errorCode ?? null,
      run.errorMessage ?? null,
    ],
  );
}

const COMMITTED = "moves.state in ('committed', 'finished')";

/** One that lost its lease notices within the lifetime of it, which is much shorter. */
const NOBODY_AFTER = '1 hour';

/**
 * Marks the runs of a dead process: those of the dataset, whose lease the caller holds, and those of any
 * job whose lease ended long ago, for nobody may ever run it again where it left the configuration.
 * What its moves had committed is counted: those rows are in the lake, however the run ended.
 */
export async function abandonRuns(db: Queryable, job: string, dataset: string): Promise<number> {
  const ended = await db.query(
    `update tierd.runs set state = 'abandoned', finished_at = clock_timestamp(),
       rows_moved = coalesce((select sum(moves.row_count) from tierd.moves
                              where moves.run_id = runs.id and ${COMMITTED}), 0),
       bytes_written = coalesce((select sum(segments.bytes) from tierd.moves
                                 join tierd.slices on slices.move_id = moves.id
                                 join tierd.segments on segments.slice_id = slices.id
                                 where moves.run_id = runs.id and ${COMMITTED}), 0),
       error_message = 'the process ended without finishing; a later run recovered'
     where state = 'running'
       and (job = $1 and dataset = $2
            or not exists (select from tierd.leases
                           where leases.dataset = runs.dataset
                             and leases.expires_at > clock_timestamp() - $3::interval))`,
    [job, dataset, NOBODY_AFTER],
  );
  return ended.rowCount ?? 0;
}

/**
 * When the newest run of the job began by its own clock, ms since 1970, or null. Refused runs don't
 * count: one that was refused for its clock must not be what makes the next one seem right.
 */
export async function lastRunStart(
  db: Queryable,
  job: string,
  dataset: string,
): Promise<number | null> {
  const found = await db.query<{ ms: string }>(
    `select (extract(epoch from started_at) * 1000)::bigint::text as ms
     from tierd.runs where job = $1 and dataset = $2 and state <> 'refused'
     order by id desc limit 1`,
    [job, dataset],
  );
  const ms = found.rows[0]?.ms;
  return ms === undefined ? null : Number(ms);
}

/** The newest runs, newest first. */
export async function listRuns(
  db: Queryable,
  filter: { readonly dataset?: string; readonly job?: string; readonly limit: number },
): Promise<readonly RunRecord[]> {
  const found = await db.query<{
    id: string;
    job: string;
    dataset: string;
    holder: string;
    state: RunState;
    started_at: string;
    finished_at: string | null;
    rows_moved: string;
    bytes_written: string;
    rows_again: string;
    rows_changed: string;
    hot_bytes_before: string | null;
    hot_bytes_after: string | null;
    error_code: string | null;
    error_message: string | null;
  }>(
    `select id::text, job, dataset, holder, state,
            to_char(started_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as started_at,
            to_char(finished_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as finished_at,
            rows_moved::text, bytes_written::text, rows_again::text, rows_changed::text,
            hot_bytes_before::text, hot_bytes_after::text, error_code, error_message
     from tierd.runs
     where ($1::text is null or dataset = $1) and ($2::text is null or job = $2)
     order by runs.id desc limit $3`,
    [filter.dataset ?? null, filter.job ?? null, filter.limit],
  );
  return found.rows.map((row) => ({
    id: BigInt(row.id),
    job: row.job,
    dataset: row.dataset,
    holder: row.holder,
    state: row.state,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    rowsMoved: BigInt(row.rows_moved),
    bytesWritten: BigInt(row.bytes_written),
    rowsAgain: BigInt(row.rows_again),
    rowsChanged: BigInt(row.rows_changed),
    hotBytesBefore: row.hot_bytes_before === null ? null : Number(row.hot_bytes_before),
    hotBytesAfter: row.hot_bytes_after === null ? null : Number(row.hot_bytes_after),
    errorCode: row.error_code,
    errorMessage: row.error_message,
  }));
}
