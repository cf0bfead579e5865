/** Where PostgreSQL keeps each column of a table: what tells a renamed column from a new one. */
import type { PlacedColumns } from '../../domain/lake/field-ids.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { inlined, type Queryable, run, sql } from '../sql.ts';
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
  return { tableIdentity: await identifyTable(db, tableOid), columns: rows.map(placedOf) };
}

const placedOf = (row: PlaceRow): PlacedColumns['columns'][number] => ({
  name: row.name,
  postgresType: row.postgres_type,
  attnum: row.attnum,
});

export interface TablePlacesRow {
  readonly schema: string;
  readonly table: string;
  readonly identity: string;
  readonly columns: readonly PlaceRow[];
}

/** The same of several tables in a statement without parameters: a row for each that is there. */
export function columnPlacesSql(tables: readonly TableRef[]): string {
  return inlined(sql`
    select n.nspname as schema, c.relname as table,
           concat_ws('/', s.system_identifier, d.oid, c.oid) as identity,
           (select coalesce(json_agg(json_build_object('name', a.attname, 'attnum', a.attnum,
                     'postgres_type', format_type(a.atttypid, a.atttypmod)) order by a.attnum), '[]')
            from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join pg_control_system() s
    join pg_database d on d.datname = current_database()
    where c.relkind in ('r', 'p')
      and (n.nspname, c.relname) in (
        select * from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[])
      )`);
}

/** @param rows of `columnPlacesSql`. @returns by `formatTable` */
export function placesByTable(rows: readonly TablePlacesRow[]): ReadonlyMap<string, PlacedColumns> {
  return new Map(
    rows.map(({ schema, table: name, identity, columns }) => [
      formatTable({ schema, name }),
      { tableIdentity: identity, columns: columns.map(placedOf) },
    ]),
  );
}
