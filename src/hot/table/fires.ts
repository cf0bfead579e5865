import { raw, type Sql } from '../sql.ts';

/**
 * Whether a trigger or rule of that state fires in this session: where `session_replication_role` is replica,
 * those fire that are enabled for it alone, and the rest, foreign keys among them, do not.
 *
 * @param enabled a column as `pg_trigger.tgenabled`
 */
export function firesHere(enabled: 't.tgenabled' | 'r.ev_enabled' | 'e.evtenabled'): Sql {
  return raw(
    `${enabled} in ('A', case current_setting('session_replication_role') when 'replica' then 'R' else 'O' end)`,
  );
}
