/** Whether PostgreSQL sorts the texts of a table by their bytes, as the engine does. */
import type { TableRef } from '../../domain/table.ts';
import { type Queryable, runOne, sql } from '../sql.ts';

/**
 * C.UTF-8 sorts by code points, which in UTF-8 is by bytes. A table that is gone has no collation that anybody could expect.
 */
export async function sortsByCollation(db: Queryable, table: TableRef): Promise<boolean> {
  const { found } = await runOne<{ readonly found: boolean }>(
    db,
    sql`select exists (
          select from pg_catalog.pg_attribute a
          join pg_catalog.pg_class r on r.oid = a.attrelid
          join pg_catalog.pg_namespace n on n.oid = r.relnamespace
          join pg_catalog.pg_collation c on c.oid = a.attcollation
          join pg_catalog.pg_database d on d.datname = pg_catalog.current_database()
          where n.nspname = ${table.schema} and r.relname = ${table.name} and a.attnum > 0 and not a.attisdropped
            and not (pg_catalog.pg_encoding_to_char(d.encoding) = 'UTF8' and (
              case c.collprovider when 'd' then d.datlocprovider else c.collprovider end = 'b'
              or case c.collprovider when 'd' then d.datlocprovider else c.collprovider end = 'c'
                 and case c.collprovider when 'd' then d.datcollate else c.collcollate end
                     in ('C', 'POSIX', 'C.UTF-8', 'C.utf8', 'C.UTF8')
            ))
        ) as found`,
  );
  return found;
}
