/** Where PostgreSQL keeps each column of a table: what tells a renamed column from a new one. */
import type { PlacedColumns } from '../../domain/lake/field-ids.ts';
import { type Queryable, run, sql } from '../sql.ts';

interface PlaceRow {
  readonly table_identity: string;
  readonly name: string;
  readonly postgres_type: string;
  readonly attnum: number;
}

/** In table order, dropped columns left out. The identity names cluster, database and table. */
export async function readColumnPlaces(db: Queryable, tableOid: number): Promise<PlacedColumns> {
  const rows = await run<PlaceRow>(
    db,
    sql`select concat_ws('/', s.system_identifier, d.oid, a.attrelid) as table_identity,
               a.attname as name, format_type(a.atttypid, a.atttypmod) as postgres_type, a.attnum
        from pg_attribute a
        cross join pg_control_system() s
        join pg_database d on d.datname = current_database()
        where a.attrelid = ${tableOid}::oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum`,
  );
  return {
    tableIdentity: rows[0]?.table_identity ?? '',
    columns: rows.map((row) => ({
      name: row.name,
      postgresType: row.postgres_type,
      attnum: row.attnum,
    })),
  };
}
