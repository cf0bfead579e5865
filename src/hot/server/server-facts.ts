/** What the server says of itself. */
import type { EpochMs } from '../../domain/time/time-range.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';
import { findTimescale, type Timescale } from '../table/chunks.ts';

export interface ServerFacts {
  /** `170005`. */
  readonly versionNumber: number;
  readonly version: string;
  readonly database: string;
  readonly role: string;
  readonly superuser: boolean;
  /** A standby: nothing can be deleted on it. */
  readonly inRecovery: boolean;
  readonly now: EpochMs;
  readonly timescale: Timescale | null;
}

export async function readServerFacts(db: Queryable): Promise<ServerFacts> {
  const facts = await runOne<{
    readonly version_number: number;
    readonly version: string;
    readonly database: string;
    readonly role: string;
    readonly superuser: boolean;
    readonly in_recovery: boolean;
    readonly now_ms: string;
  }>(
    db,
    sql`select current_setting('server_version_num')::int as version_number,
               current_setting('server_version') as version,
               current_database() as database, current_user as role,
               (select rolsuper from pg_roles where rolname = current_user) as superuser,
               pg_is_in_recovery() as in_recovery,
               (extract(epoch from clock_timestamp()) * 1000)::bigint::text as now_ms`,
  );
  return {
    versionNumber: facts.version_number,
    version: facts.version,
    database: facts.database,
    role: facts.role,
    superuser: facts.superuser,
    inRecovery: facts.in_recovery,
    now: Number(facts.now_ms),
    timescale: await findTimescale(db),
  };
}

/** The database's clock, as of the statement. */
export async function readDatabaseClock(db: Queryable): Promise<EpochMs> {
  const { now_ms } = await runOne<{ readonly now_ms: string }>(
    db,
    sql`select (extract(epoch from clock_timestamp()) * 1000)::bigint::text as now_ms`,
  );
  return Number(now_ms);
}

export interface ReplicaLag {
  readonly replica: string;
  /** Time by which its replay is behind; null when it is idle, or when the role may not see it. */
  readonly lagMs: number | null;
  readonly lagBytes: number | null;
}

/**
 * Standbys that stream from this server. Both figures are null for a role without pg_monitor:
 * the rows are there, but their columns are hidden.
 */
export async function readReplicaLag(db: Queryable): Promise<readonly ReplicaLag[]> {
  const rows = await run<{
    readonly replica: string | null;
    readonly lag_ms: string | null;
    readonly lag_bytes: string | null;
  }>(
    db,
    sql`select application_name as replica,
               (extract(epoch from replay_lag) * 1000)::bigint::text as lag_ms,
               case when pg_is_in_recovery() then null
                    else pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::text end as lag_bytes
        from pg_stat_replication`,
  );
  return rows.map((row) => ({
    replica: row.replica ?? 'hidden',
    lagMs: row.lag_ms === null ? null : Number(row.lag_ms),
    lagBytes: row.lag_bytes === null ? null : Number(row.lag_bytes),
  }));
}
