import { type Queryable, runOne, sql } from '../sql.ts';

/** Cluster, database and table: no restored, copied or recreated table has the same. */
export async function identifyTable(db: Queryable, tableOid: number): Promise<string> {
  const { identity } = await runOne<{ readonly identity: string }>(
    db,
    sql`select concat_ws('/', s.system_identifier, d.oid, ${tableOid}::oid) as identity
        from pg_control_system() s join pg_database d on d.datname = current_database()`,
  );
  return identity;
}
