import { type Sql, sql } from '../sql.ts';

/** `own (oid)`, behind `with recursive`: a table and whatever holds its rows, partitions, chunks and children. */
export function ownTables(oid: number): Sql {
  return sql`own (oid) as (
          select ${oid}::oid
          union select i.inhrelid from pg_inherits i join own on i.inhparent = own.oid)`;
}
