import type { TableUse } from '../../domain/inspect/tables.ts';
import type { TableKind, TableRef } from '../../domain/table.ts';
import { quoteTable } from '../quote.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { type InspectScope, KIND, members } from './members.ts';

const MOST = 20;

interface UseRow extends Omit<TableUse, 'table' | 'unindexedTime'> {
  readonly schema: string;
  readonly name: string;
  readonly kind: TableKind;
  readonly unindexed: string | null;
  readonly all: number;
}

/** A table that rows are moved from, and the column that says how old they are. */
export interface TimedTable {
  readonly table: TableRef;
  readonly timeColumn: string;
}

/** The most read by sequential scans first, and how many tables there are. */
export async function readTableUse(
  db: Queryable,
  scope: InspectScope,
  timed: readonly TimedTable[],
): Promise<{ readonly tables: readonly TableUse[]; readonly all: number }> {
  const rows = await run<UseRow>(
    db,
    sql`with recursive ${members(scope)},
        timed (oid, time) as (
          select to_regclass(t.name)::oid, t.time
          from unnest(${timed.map(({ table }) => quoteTable(table))}::text[],
                      ${timed.map(({ timeColumn }) => timeColumn)}::text[]) as t (name, time)),
        used as (
          select m.root, count(*)::int as parts, sum(greatest(c.reltuples, 0)) as rows,
                 sum(pg_stat_get_numscans(m.oid)) as seq_scans, sum(pg_stat_get_tuples_returned(m.oid)) as seq_rows,
                 sum((select sum(pg_stat_get_numscans(i.indexrelid)) from pg_index i where i.indrelid = m.oid)) as index_scans,
                 sum(pg_stat_get_tuples_inserted(m.oid)) as inserted, sum(pg_stat_get_tuples_updated(m.oid)) as updated,
                 sum(pg_stat_get_tuples_deleted(m.oid)) as deleted
          from members m join pg_class c on c.oid = m.oid group by m.root)
        select * from (
        select n.nspname::text as schema, c.relname::text as name, ${KIND} as kind, u.parts, u.rows::float8 as rows,
               u.seq_scans::float8 as "sequentialScans", u.seq_rows::float8 as "sequentialRows",
               coalesce(u.index_scans, 0)::float8 as "indexScans", u.inserted::float8 as inserted,
               u.updated::float8 as updated, u.deleted::float8 as deleted,
               (select t.time from timed t where t.oid = u.root and not exists (
                  select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                  where i.indrelid = u.root and i.indisvalid and a.attname = t.time) limit 1) as unindexed,
               count(*) over ()::int as "all"
        from used u join pg_class c on c.oid = u.root join pg_namespace n on n.oid = c.relnamespace) found
        order by unindexed is null, "sequentialRows" desc, schema, name limit ${MOST}`,
  );
  const tables = rows.map(({ schema, name, unindexed, all: _, ...use }) => ({
    ...use,
    table: { schema, name },
    unindexedTime: unindexed,
  }));
  return { tables, all: rows[0]?.all ?? 0 };
}
