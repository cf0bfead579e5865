/** How the server of the hot store is. */

import { type Queryable, runOne, sql } from '../sql.ts';
import { findTimescale } from '../table/chunks.ts';

export interface ServerHealth {
  readonly version: string;
  readonly timescale: string | null;
  readonly databaseBytes: number;
  readonly connections: number;
  readonly maxConnections: number;
  readonly inRecovery: boolean;
  /** Of the transactions that this role may see; null when there is none. */
  readonly oldestTransactionSeconds: number | null;
  /** Sessions that wait for a lock just now. */
  readonly lockWaiters: number;
  /** WAL that the slot keeps which keeps the most; 0 without slots. */
  readonly slotWalBytes: number;
  /** Transactions since the oldest that is not frozen, of the database where that is the most. */
  readonly frozenAge: number;
}

export async function readServerHealth(db: Queryable): Promise<ServerHealth> {
  const found = await runOne<{
    readonly version: string;
    readonly database_bytes: string;
    readonly connections: number;
    readonly max_connections: number;
    readonly in_recovery: boolean;
    readonly oldest_seconds: number | null;
    readonly lock_waiters: number;
    readonly slot_wal_bytes: number;
    readonly frozen_age: number;
  }>(
    db,
    sql`select current_setting('server_version') as version,
               pg_database_size(current_database())::text as database_bytes,
               count(*)::int as connections,
               current_setting('max_connections')::int as max_connections,
               pg_is_in_recovery() as in_recovery,
               extract(epoch from clock_timestamp() - min(xact_start)
                 filter (where pid <> pg_backend_pid()))::float8 as oldest_seconds,
               (select count(distinct pid)::int from pg_locks where not granted) as lock_waiters,
               (select coalesce(max(pg_wal_lsn_diff(
                  case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
                  restart_lsn)), 0)::float8 from pg_replication_slots) as slot_wal_bytes,
               (select max(age(datfrozenxid)) from pg_database) as frozen_age
        from pg_stat_activity where backend_type = 'client backend' or backend_type is null`,
  );
  return {
    version: found.version,
    timescale: (await findTimescale(db))?.version ?? null,
    databaseBytes: Number(found.database_bytes),
    connections: found.connections,
    maxConnections: found.max_connections,
    inRecovery: found.in_recovery,
    oldestTransactionSeconds: found.oldest_seconds,
    lockWaiters: found.lock_waiters,
    slotWalBytes: found.slot_wal_bytes,
    frozenAge: found.frozen_age,
  };
}
