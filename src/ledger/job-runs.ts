/**
 * The daemon's own history: which job ran when, and which of its times have had their run. Only the
 * leader writes it: each statement checks the fencing token of its lease (I8).
 */
import { TierdError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import type { Lease } from './lease.ts';
import type { Queryable } from './queryable.ts';

/** The name of the lease of the daemons with this owner. No dataset can have it: theirs hold no colon. */
export function daemonLease(owner: string): string {
  return `daemon:${owner}`;
}

/**
 * @returns the id of the run, or null: the job is paused, and this is no run that a person asked for.
 * A pause that is in the ledger holds at once, whatever the daemon has heard of it.
 *
 * Throws LEASE_LOST when another daemon has taken over.
 */
export async function beginJobRun(
  db: Queryable,
  lease: Lease,
  run: {
    readonly owner: string;
    readonly job: string;
    readonly cause: string;
    readonly slotMs: EpochMs | null;
    readonly startedAtMs: EpochMs;
  },
): Promise<string | null> {
  const inserted = await db.query<{ id: string }>(
    `insert into tierd.job_runs (owner, job, cause, slot, holder, token, state, started_at)
     select $1, $2, $3, $4::timestamptz, $5, token, 'running', $6::timestamptz
     from tierd.leases where dataset = $7 and token = $8 and ($3 = 'manual' or not exists (
       select 1 from tierd.paused_jobs where owner = $1 and job = $2
     )) for share
     returning id::text`,
    [
      run.owner,
      run.job,
      run.cause,
      run.slotMs === null ? null : new Date(run.slotMs).toISOString(),
      lease.holder,
      new Date(run.startedAtMs).toISOString(),
      lease.dataset,
      lease.token.toString(),
    ],
  );
  const id = inserted.rows[0]?.id;
  if (id !== undefined) return id;
  const held = await db.query(`select 1 from tierd.leases where dataset = $1 and token = $2`, [
    lease.dataset,
    lease.token.toString(),
  ]);
  if (held.rowCount !== 1) throw leaseLost(lease);
  return null;
}

/** Throws LEASE_LOST when another daemon has taken over; its row says abandoned by then. */
export async function endJobRun(
  db: Queryable,
  lease: Lease,
  id: string,
  end: {
    readonly state: string;
    readonly attempts: number;
    readonly rowsMoved: number | null;
    readonly errorCode: string | null;
    readonly errorMessage: string | null;
  },
): Promise<void> {
  const ended = await db.query(
    `update tierd.job_runs
     set state = $2, finished_at = greatest(clock_timestamp(), started_at), attempts = $3,
         rows_moved = $4, error_code = $5, error_message = $6
     where id = $1 and state = 'running' and exists (
       select 1 from tierd.leases where dataset = $7 and token = $8 for share
     )`,
    [
      id,
      end.state,
      end.attempts,
      end.rowsMoved,
      end.errorCode,
      // PostgreSQL holds no NUL.
      end.errorMessage?.replaceAll('\0', '') ?? null,
      lease.dataset,
      lease.token.toString(),
    ],
  );
  if (ended.rowCount !== 1) throw leaseLost(lease);
}

/** Marks the runs of a daemon that is gone. Only a new leader may call it. */
export async function abandonJobRuns(db: Queryable, lease: Lease, owner: string): Promise<number> {
  const ended = await db.query(
    `update tierd.job_runs
     set state = 'abandoned', finished_at = greatest(clock_timestamp(), started_at),
         error_message = 'the daemon that ran it was gone before it ended'
     where owner = $1 and state = 'running' and token < $3 and exists (
       select 1 from tierd.leases where dataset = $2 and token = $3 for share
     )`,
    [owner, lease.dataset, lease.token.toString()],
  );
  return ended.rowCount ?? 0;
}

export interface LastSlots {
  /** The newest time whose run came to an end of its own, whatever end. */
  readonly servedMs: EpochMs | null;
  /** The newest time whose run was begun. */
  readonly begunMs: EpochMs;
}

/** Job → its newest times, ms since 1970. A run that was cut short has not served its time. */
export async function lastSlots(
  db: Queryable,
  owner: string,
): Promise<ReadonlyMap<string, LastSlots>> {
  const found = await db.query<{ job: string; begun: string; served: string | null }>(
    `select job, (extract(epoch from max(slot)) * 1000)::bigint::text as begun,
       (extract(epoch from max(slot) filter (
         where state not in ('running', 'interrupted', 'abandoned')
       )) * 1000)::bigint::text as served
     from tierd.job_runs where owner = $1 and slot is not null
     group by job`,
    [owner],
  );
  return new Map(
    found.rows.map(({ job, begun, served }) => [
      job,
      { begunMs: Number(begun), servedMs: served === null ? null : Number(served) },
    ]),
  );
}

function leaseLost(lease: Lease): TierdError {
  return new TierdError({
    code: 'LEASE_LOST',
    message: `another daemon has taken over ${lease.dataset} (this one had token ${lease.token.toString()}); nothing more is started here`,
    hint: 'look at `tierd jobs history`; this daemon stands by',
    context: { lease: lease.dataset, token: lease.token.toString() },
  });
}
