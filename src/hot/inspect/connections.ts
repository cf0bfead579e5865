import type { ConnectionFacts } from '../../domain/inspect/connections.ts';
import { type Queryable, runOne, sql } from '../sql.ts';

/** Who a session belongs to is shown to everybody, what it does is not: of the hidden ones the kind is unknown too. */
export function readConnectionUse(db: Queryable): Promise<ConnectionFacts> {
  return runOne<ConnectionFacts>(
    db,
    sql`with sessions as (
          select * from pg_stat_activity
          where usesysid is not null and coalesce(backend_type, 'client backend') = 'client backend'
        )
        select current_setting('max_connections')::int as max,
               current_setting('superuser_reserved_connections')::int
                 + coalesce(current_setting('reserved_connections', true)::int, 0) as reserved,
               count(*)::int as used,
               count(*) filter (where state in ('active', 'fastpath function call'))::int as active,
               count(*) filter (where state = 'idle')::int as idle,
               count(*) filter (where state like 'idle in transaction%')::int as "idleInTransaction",
               count(*) filter (where state is null)::int as hidden,
               array(select format('%s × %s', coalesce(nullif(application_name, ''), 'no name'), count(*))
                     from sessions group by application_name order by count(*) desc, application_name limit 3) as applications
        from sessions`,
  );
}
