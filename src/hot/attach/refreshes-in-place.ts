/**
 * Whether a refresh of a continuous aggregate reads the lake too: then it may look at moved time again. Where
 * `timescaledb.enable_tiered_reads` is off it reads hot rows alone, and deletes the buckets of those that were moved.
 */
import type { TableRef } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { listInPlace } from './in-place-sql.ts';

export async function refreshesInPlace(db: Queryable, table: TableRef): Promise<boolean> {
  const reaches = (await listInPlace(db)).some(
    ({ table: { schema, name }, isThere }) =>
      isThere && schema === table.schema && name === table.name,
  );
  return reaches && (await whereTieredReadsAreOff(db)).length === 0;
}

/** In words: of the server, of the database, of roles. This session has it off for itself. */
export async function whereTieredReadsAreOff(db: Queryable): Promise<readonly string[]> {
  const found = await run<{ readonly place: string }>(
    db,
    sql`select 'the server, or the role of postgres.url' as place
        from pg_settings where name = 'timescaledb.enable_tiered_reads' and reset_val <> 'on'
        union all
        select concat_ws(' in ', 'role ' || r.rolname, 'database ' || d.datname)
        from pg_db_role_setting s
        left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
        where (s.setdatabase = 0 or d.datname = current_database())
          and exists (select from unnest(s.setconfig) c
                      where c ~* '^timescaledb\\.enable_tiered_reads=' and c !~* '=(on|t|true|y|yes|1)$')`,
  );
  return found.map(({ place }) => place);
}
