/** Which transactions this one sees the work of. */
import type { Queryable } from './queryable.ts';

/**
 * Equal texts: the same transactions are visible, so that every row is as it was. It moves on with each
 * transaction that writes, of any database of the server, and with each checkpoint. Null on a standby, where
 * the function leaves out those that are under way on the primary, and where the role may not see checkpoints.
 */
export async function readVisibleTransactions(db: Queryable): Promise<string | null> {
  // Asked before, for PostgreSQL refuses a statement that only names what may not be called.
  const asked = await db.query<{ tells: boolean }>(
    `select not pg_is_in_recovery() and has_function_privilege('pg_control_checkpoint()', 'execute') as tells`,
  );
  if (asked.rows[0]?.tells !== true) return null;
  // A crash of one backend empties unlogged tables, and takes away commits that were not waited for, whose numbers
  // come again; the postmaster goes on as it is. Its recovery ends with a checkpoint before anybody is let in.
  const found = await db.query<{ visible: string }>(
    `select concat_ws(' ', pg_current_snapshot(), pg_postmaster_start_time(),
                      (select checkpoint_lsn from pg_control_checkpoint()),
                      (select oid from pg_database where datname = current_database())) as visible`,
  );
  return found.rows[0]?.visible ?? null;
}
