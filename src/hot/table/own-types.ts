/**
 * Types that a database has of its own: what is behind a column's domain, and which columns are enums. A domain over an enum is neither: PostgreSQL itself
 * compares it with no enum.
 */
import type { TableRef } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';

export interface OwnType {
  readonly tableOid: number;
  readonly column: string;
  /** As `format_type` says it, of what is behind the domain. */
  readonly postgresType: string;
  readonly oid: number;
  readonly arrayOid: number;
  readonly isEnum: boolean;
}

/** Of the columns whose type is an enum, or a domain over another type; of a table that is not there, none. */
export async function readOwnTypes(
  db: Queryable,
  { schema, name }: TableRef,
): Promise<readonly OwnType[]> {
  const rows = await run<{
    readonly column: string;
    readonly table_oid: number;
    readonly postgres_type: string;
    readonly oid: string;
    readonly array_oid: string;
    readonly is_enum: boolean;
  }>(
    db,
    sql`with recursive behind (name, table_oid, attnum, oid, modifier, is_domain) as (
          select a.attname, c.oid, a.attnum, a.atttypid, a.atttypmod, false
          from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = ${schema} and c.relname = ${name} and c.relkind in ('r', 'p')
            and a.attnum > 0 and not a.attisdropped
          union all
          select b.name, b.table_oid, b.attnum, t.typbasetype, t.typtypmod, true
          from behind b join pg_type t on t.oid = b.oid and t.typtype = 'd'
        )
        select b.name as column, b.table_oid, format_type(b.oid, b.modifier) as postgres_type, b.oid::int8 as oid,
               t.typarray::int8 as array_oid, t.typtype = 'e' as is_enum
        from behind b join pg_type t on t.oid = b.oid
        where t.typtype <> 'd' and b.is_domain = (t.typtype <> 'e')
        order by b.attnum`,
  );
  return rows.map(({ column, array_oid, table_oid, postgres_type, is_enum, oid }) => ({
    column,
    tableOid: table_oid,
    postgresType: postgres_type,
    oid: Number(oid),
    arrayOid: Number(array_oid),
    isEnum: is_enum,
  }));
}
