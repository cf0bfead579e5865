/**
 * By which row versions of PostgreSQL's catalogue a table is what it is. Where these are the same on the same
 * connection, `describeShape` and `listRowKeys` would find the same again.
 */
import type { TableRef } from '../../domain/table.ts';
import { inlined, sql } from '../sql.ts';

export interface TablePrintRow {
  readonly schema: string;
  readonly name: string;
  /** Null where it depends on more than was looked at: on types that can be altered. */
  readonly print: string | null;
}

/** Below it are PostgreSQL's own, which no statement alters. */
const FIRST_OTHER_TYPE = 10_000;

/** A statement without parameters; of the tables that are there. */
export function tablePrintsSql(tables: readonly TableRef[]): string {
  // A row version that is another has another xmin. Extensions: TimescaleDB may come; the settings make it
  // read chunks as empty; a table that becomes a chunk inherits, and one that others inherit from has no keys.
  return inlined(sql`
    select n.nspname as schema, c.relname as name,
           case when coalesce(columns.are_plain, true) then md5(json_build_array(c.oid, c.xmin, c.relkind, n.oid, n.xmin,
             columns.print,
             (select string_agg(concat_ws(' ', i.inhparent, i.xmin), ',' order by i.inhparent)
              from pg_inherits i where i.inhrelid = c.oid),
             exists (select from pg_inherits i where i.inhparent = c.oid),
             (select string_agg(concat_ws(' ', x.indexrelid, x.xmin, r.xmin), ',' order by x.indexrelid)
              from pg_index x join pg_class r on r.oid = x.indexrelid where x.indrelid = c.oid),
             (select string_agg(concat_ws(' ', e.oid, e.xmin), ',' order by e.oid) from pg_extension e),
             current_setting('timescaledb.restoring', true), current_setting('timescaledb.enable_columnarscan', true)
           )::text) end as print
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (
      select string_agg(concat_ws(' ', a.attnum, a.xmin), ',' order by a.attnum) as print,
             bool_and(a.atttypid < ${FIRST_OTHER_TYPE}::oid) as are_plain
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
    ) columns
    where c.relkind in ('r', 'p')
      and (n.nspname, c.relname) in (
        select * from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map(({ name }) => name)}::text[])
      )`);
}
