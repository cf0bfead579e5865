/** Who keeps deleted rows from being vacuumed away. */
import { type Queryable, run, sql } from '../sql.ts';

export interface SnapshotHolder {
  /** In words: `pid 71 (nightly dump), idle in transaction, for 5400 s`. */
  readonly holder: string;
  /** How long it has been holding on; null when that can't be known. */
  readonly seconds: number | null;
}

/**
 * The holder of the oldest snapshot but this session: a transaction, a slot, or a standby. Sessions
 * of other databases keep no row of this one from being vacuumed (a walsender has no database).
 */
export async function findOldestSnapshot(db: Queryable): Promise<SnapshotHolder | null> {
  const [oldest] = await run<SnapshotHolder>(
    db,
    sql`select holder, seconds from (
          select age(backend_xmin) as age,
                 extract(epoch from clock_timestamp() - xact_start)::int as seconds,
                 format('pid %s (%s), %s, whose transaction has been open for %s s', pid,
                        coalesce(nullif(application_name, ''), 'no application name'),
                        coalesce(state, backend_type),
                        coalesce(extract(epoch from clock_timestamp() - xact_start)::int::text, 'unknown')) as holder
          from pg_stat_activity
          where backend_xmin is not null and pid <> pg_backend_pid()
            and coalesce(datname = current_database(), true)
          union all
          select age(transaction), extract(epoch from clock_timestamp() - prepared)::int,
                 format('the prepared transaction %s', gid)
          from pg_prepared_xacts where database = current_database()
          union all
          select age(xmin), null, format('the replication slot %s', slot_name)
          from pg_replication_slots where xmin is not null
          union all
          select age(backend_xmin), null, format('the standby %s (hot_standby_feedback)', application_name)
          from pg_stat_replication where backend_xmin is not null
        ) as holders
        order by age desc limit 1`,
  );
  return oldest ?? null;
}
