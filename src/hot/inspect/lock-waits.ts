import type { LockWait } from '../../domain/inspect/locks.ts';
import { type Queryable, run, sql } from '../sql.ts';

/** To ask who is in the way holds up the server's list of locks for a moment: of so many that wait the longest. */
const MOST_WAITERS = 100;

export function readLockWaits(db: Queryable): Promise<readonly LockWait[]> {
  return run<LockWait>(
    db,
    sql`with waiting as (
          select pid, mode, relation, database,
                 coalesce(extract(epoch from clock_timestamp() - waitstart), 0)::float8 as seconds
          from pg_locks where not granted and pid is not null
          order by waitstart nulls last limit ${MOST_WAITERS}
        )
        select w.pid as waiter, w.seconds as "waitSeconds", w.mode,
               format('%s.%s', n.nspname, c.relname) as relation,
               coalesce(wa.application_name, '') as "waiterApplication",
               b.pid as blocker, coalesce(ba.application_name, '') as "blockerApplication", ba.state as "blockerState",
               extract(epoch from clock_timestamp() - ba.xact_start)::float8 as "blockerSeconds",
               case when ba.state is null then '' else left(coalesce(ba.query, ''), 500) end as "blockerQuery"
        from waiting w cross join lateral unnest(pg_blocking_pids(w.pid)) as b (pid)
        left join pg_class c on c.oid = w.relation
          and w.database = (select oid from pg_database where datname = current_database())
        left join pg_namespace n on n.oid = c.relnamespace
        left join pg_stat_activity wa on wa.pid = w.pid
        left join pg_stat_activity ba on ba.pid = b.pid
        group by w.pid, w.seconds, w.mode, n.nspname, c.relname, wa.application_name, b.pid, ba.application_name,
                 ba.state, ba.xact_start, ba.query
        order by w.seconds desc`,
  ).then((waits) => waits.map((wait) => ({ ...wait, relation: relationOf(wait) })));
}

/** Of names that are null, format makes a point. */
function relationOf({ relation }: LockWait): string | null {
  return relation === '.' ? null : relation;
}
