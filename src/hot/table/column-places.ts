/** Where PostgreSQL keeps each column of a table: what tells a renamed column from a new one. */
import type { PlacedColumns } from '../../domain/lake/field-ids.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { identifyTable } from './table-identity.ts';

interface PlaceRow {
  readonly name: string;
  readonly postgres_type: string;
  readonly attnum: number;
}

/** In table order, dropped columns left out. */
export async function readColumnPlaces(db: Queryable, tableOid: number): Promise<PlacedColumns> {
  const rows = await run<PlaceRow>(
    db,
    sql`select a.attname as name, format_type(a.atttypid, a.atttypmod) as postgres_type, a.attnum
        from pg_attribute a
        where a.attrelid = ${tableOid}::oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum`,
  );
  return {
    tableIdentity: await identifyTable(db, tableOid),
    columns: rows.map((row) => ({
      name: row.name,
      postgresType: row.postgres_type,
      attnum: row.attnum,
    })),
  };
}
