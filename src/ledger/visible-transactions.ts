/** Which transactions this one sees the work of. */
import type { Queryable } from './queryable.ts';

/**
 * Equal texts: the same transactions are visible, so that every row is as it was. It moves on with each
 * transaction that writes, of any database of the server. Null on a standby, where the function leaves out those
 * that are under way on the primary.
 */
export async function readVisibleTransactions(db: Queryable): Promise<string | null> {
  const found = await db.query<{ visible: string | null }>(
    `select case when pg_is_in_recovery() then null
                 else concat_ws(' ', pg_current_snapshot(), pg_postmaster_start_time(),
                                (select oid from pg_database where datname = current_database()))
            end as visible`,
  );
  return found.rows[0]?.visible ?? null;
}
