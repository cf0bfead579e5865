import type { OpenTransaction } from '../../domain/inspect/transactions.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';

const MOST = 50;

/** Of all databases, the oldest first; and how many sessions hide whether they have one. */
export async function readTransactions(
  db: Queryable,
): Promise<{ readonly open: readonly OpenTransaction[]; readonly hidden: number }> {
  const open = await run<OpenTransaction>(
    db,
    sql`select pid, coalesce(application_name, '') as application, coalesce(usename, '')::text as role,
               coalesce(datname, '')::text as database, coalesce(state, 'unknown') as state,
               extract(epoch from clock_timestamp() - xact_start)::float8 as seconds,
               coalesce(extract(epoch from clock_timestamp() - state_change), 0)::float8 as "stateSeconds",
               age(backend_xmin) as "snapshotAge", left(query, 1000) as query
        from pg_stat_activity
        where xact_start is not null and pid <> pg_backend_pid() and backend_type = 'client backend'
        order by xact_start limit ${MOST}`,
  );
  const { hidden } = await runOne<{ readonly hidden: number }>(
    db,
    sql`select count(*)::int as hidden from pg_stat_activity where query = '<insufficient privilege>'`,
  );
  return { open, hidden };
}
