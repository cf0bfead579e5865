/**
 * What can be known from outside of the snapshot of a session that reads a hypertable in place. It carries none to us; but all that
 * its backend_xmin is later than had ended when each snapshot was taken that it holds, and it holds the statement's while it waits.
 */
import { type Queryable, run, runOne, sql } from '../sql.ts';

export interface ReaderInPlace {
  readonly dataset: string;
  /** Whether the ledger knows of a foreign chunk of it. */
  readonly isAttached: boolean;
  /** Whether the last change of its segments was made on this server, and not on one whose dump was restored. */
  readonly isOfHere: boolean;
  /** Whether this role may see its snapshot. */
  readonly isShown: boolean;
  /** Whether it is a session of this very server, and has locked the foreign chunk. */
  readonly isReading: boolean;
  /** Whether its snapshot has all changes of the lake that this transaction sees. */
  readonly seesAll: boolean;
}

/**
 * @param session `%c` of its server: when it began, and its pid, in hexadecimal digits
 * @param db in the REPEATABLE READ transaction that reads the ledger
 */
export function lookAtReader(
  db: Queryable,
  session: string,
  datasets: readonly string[],
): Promise<readonly ReaderInPlace[]> {
  const pid = Number.parseInt(session.slice(session.indexOf('.') + 1), 16);
  return run<ReaderInPlace>(
    db,
    // An xid of 32 bits is as many transactions ago as it is behind one of 64 bits.
    sql`with reader as (
          select a.pid, a.backend_start is not null as shown,
                 to_hex(floor(extract(epoch from a.backend_start))::bigint) || '.' || to_hex(a.pid) as session,
                 s.xmax - (s.xmax - a.backend_xmin::text::bigint) % 4294967296 as xmin
          from pg_stat_activity a
          cross join (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xmax) s
          where a.pid = ${pid}::int
        )
        select d.dataset, p.dataset is not null as "isAttached",
               coalesce(p.changed < pg_snapshot_xmax(pg_current_snapshot()), true) as "isOfHere", coalesce(r.shown, true) as "isShown",
               coalesce(r.session = ${session} and exists (
                 select from pg_locks l
                 where l.pid = r.pid and l.locktype = 'relation' and l.granted
                   and l.database = (select oid from pg_database where datname = current_database())
                   and l.relation = tierd.chunk_in_place(p.dataset)
               ), false) as "isReading",
               coalesce(p.changed::text::bigint < r.xmin, false) as "seesAll"
        from unnest(${datasets}::text[]) as d (dataset)
        left join tierd.in_place p on p.dataset = d.dataset
        left join reader r on true`,
  );
}

/** Whether this role may see the snapshots of sessions of other roles. */
export async function mayReadStatistics(db: Queryable): Promise<boolean> {
  const { may } = await runOne<{ readonly may: boolean }>(
    db,
    sql`select pg_has_role(current_user, 'pg_read_all_stats', 'usage') as may`,
  );
  return may;
}
