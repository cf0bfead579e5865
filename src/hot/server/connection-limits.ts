/** What keeps this role from opening another connection. */
import type { ConnectionLimit } from '../../domain/connections.ts';
import { type Queryable, runOne, sql } from '../sql.ts';

interface Figures {
  readonly role: string;
  readonly role_limit: number;
  readonly of_role: number;
  readonly database: string;
  readonly database_limit: number;
  readonly of_database: number;
  readonly slots: number;
  readonly of_server: number;
  readonly own: number;
  readonly own_here: number;
  readonly is_super: boolean;
}

/**
 * The limits that are set. Sessions of this role that call themselves tierd's are counted as room, not as
 * others'. Who a session belongs to is shown to everybody, what it does is not.
 */
export async function readConnectionLimits(db: Queryable): Promise<readonly ConnectionLimit[]> {
  const found = await runOne<Figures>(
    db,
    // reserved_connections came with version 16, and with it the role that may use them.
    sql`select r.rolname as role, r.rolconnlimit as role_limit, r.rolsuper as is_super,
               d.datname as database, d.datconnlimit as database_limit,
               s.of_role, s.of_database, s.of_server, s.own, s.own_here,
               current_setting('max_connections')::int
                 - case when r.rolsuper then 0
                        else current_setting('superuser_reserved_connections')::int
                             + coalesce(current_setting('reserved_connections', true)::int, 0) end as slots
        from pg_roles r, pg_database d, (
          select count(*) filter (where usesysid = me.oid)::int as of_role,
                 count(*) filter (where datid = here.oid)::int as of_database,
                 count(*)::int as of_server,
                 count(*) filter (where is_own)::int as own,
                 count(*) filter (where is_own and datid = here.oid)::int as own_here
          from (select a.*, a.usesysid = (select oid from pg_roles where rolname = current_user)
                         and a.application_name like 'tierd/%' as is_own
                from pg_stat_activity a where a.usesysid is not null) a,
               (select oid from pg_roles where rolname = current_user) me,
               (select oid from pg_database where datname = current_database()) here
        ) s
        where r.rolname = current_user and d.datname = current_database()`,
  );
  const server = {
    of: 'server',
    name: '',
    limit: found.slots,
    others: found.of_server - found.own,
  } as const;
  // Of a superuser the two others are not kept.
  if (found.is_super) return [server];
  const set: ConnectionLimit[] = [server];
  const { role, role_limit: ofRole, database, database_limit: ofDatabase } = found;
  if (ofRole >= 0) {
    set.push({ of: 'role', name: role, limit: ofRole, others: found.of_role - found.own });
  }
  if (ofDatabase >= 0) {
    const others = found.of_database - found.own_here;
    set.push({ of: 'database', name: database, limit: ofDatabase, others });
  }
  return set;
}
