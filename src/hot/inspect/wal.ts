import type { ArchiverFacts, ReplicationSlot, WalFacts } from '../../domain/inspect/wal.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';

export async function readWal(db: Queryable): Promise<WalFacts> {
  const slots = await run<ReplicationSlot>(
    db,
    sql`select slot_name::text as name, slot_type as kind, active, temporary, wal_status as "walStatus",
               pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
                               restart_lsn)::float8 as "keptBytes",
               age(xmin) as "xminAge", age(catalog_xmin) as "catalogXminAge"
        from pg_replication_slots order by restart_lsn nulls last limit 100`,
  );
  return { slots, archiver: await readArchiver(db) };
}

function readArchiver(db: Queryable): Promise<ArchiverFacts> {
  return runOne<ArchiverFacts>(
    db,
    sql`select current_setting('archive_mode') as mode, failed_count::float8 as failed,
               case when last_failed_time > coalesce(last_archived_time, '-infinity')
                    then extract(epoch from clock_timestamp() - last_failed_time)::float8 end as "failingSeconds"
        from pg_stat_archiver`,
  );
}
