import type { Replica, ReplicationFacts } from '../../domain/inspect/replication.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';

/** Those that stream from this server, and how far behind it is itself where it is a standby. */
export async function readReplication(db: Queryable): Promise<ReplicationFacts> {
  const { isStandby, delay } = await runOne<{ isStandby: boolean; delay: number | null }>(
    db,
    sql`select pg_is_in_recovery() as "isStandby",
               extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 as delay`,
  );
  const replicas = await run<Replica>(
    db,
    sql`select coalesce(application_name, '') as name, state, sync_state as "syncState",
               pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end,
                               replay_lsn)::float8 as "lagBytes",
               extract(epoch from replay_lag)::float8 as "lagSeconds", age(backend_xmin) as "feedbackAge"
        from pg_stat_replication order by application_name, pid limit 100`,
  );
  return { replicas, isStandby, ownDelaySeconds: isStandby ? delay : null };
}
