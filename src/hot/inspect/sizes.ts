import type { SizeFacts, TableSize } from '../../domain/inspect/sizes.ts';
import { type Queryable, raw, run, runOne, sql } from '../sql.ts';
import { type InspectScope, members } from './members.ts';

const MOST = 20;

interface SizeRow
  extends Pick<TableSize, 'parts' | 'tableBytes' | 'indexBytes' | 'largestPartBytes'> {
  readonly schema: string;
  readonly name: string;
  readonly part_schema: string;
  readonly part_name: string;
  readonly all: number;
}

/**
 * The largest first. Measuring looks at the files of each, and waits for whoever has locked one against readers: where that
 * takes too long, `estimated` has the pages of the last VACUUM or ANALYZE.
 */
export async function readSizes(
  db: Queryable,
  scope: InspectScope,
  how: 'measured' | 'estimated',
): Promise<SizeFacts> {
  const isEstimated = how === 'estimated';
  const rows = await run<SizeRow>(
    db,
    sql`with recursive ${members(scope)},
        each as materialized (
          select m.root, m.oid, ${raw(isEstimated ? ESTIMATED : MEASURED)} from members m join pg_class c on c.oid = m.oid),
        sums as (
          select root, count(*)::int as parts, sum(table_bytes) as table_bytes, sum(index_bytes) as index_bytes,
                 (array_agg(oid order by table_bytes + index_bytes desc nulls last))[1] as largest,
                 max(table_bytes + index_bytes) as largest_bytes
          from each group by root)
        select n.nspname::text as schema, c.relname::text as name, s.parts, pn.nspname::text as part_schema,
               p.relname::text as part_name, coalesce(s.largest_bytes, 0)::float8 as "largestPartBytes",
               coalesce(s.table_bytes, 0)::float8 as "tableBytes", coalesce(s.index_bytes, 0)::float8 as "indexBytes",
               count(*) over ()::int as "all"
        from sums s join pg_class c on c.oid = s.root join pg_namespace n on n.oid = c.relnamespace
        join pg_class p on p.oid = s.largest join pg_namespace pn on pn.oid = p.relnamespace
        order by s.table_bytes + s.index_bytes desc nulls last, 1, 2 limit ${MOST}`,
  );
  return {
    isEstimated,
    all: rows[0]?.all ?? 0,
    databaseBytes: isEstimated ? null : await readDatabaseBytes(db),
    tables: rows.map(({ schema, name, part_schema, part_name, all: _, ...size }) => ({
      ...size,
      table: { schema, name },
      largestPart: { schema: part_schema, name: part_name },
    })),
  };
}

const MEASURED =
  'pg_table_size(m.oid)::float8 as table_bytes, pg_indexes_size(m.oid)::float8 as index_bytes';

const ESTIMATED = `(c.relpages + coalesce((select t.relpages from pg_class t where t.oid = c.reltoastrelid), 0))::float8
                     * current_setting('block_size')::int as table_bytes,
                   coalesce((select sum(x.relpages) from pg_index i join pg_class x on x.oid = i.indexrelid
                             where i.indrelid = m.oid), 0)::float8 * current_setting('block_size')::int as index_bytes`;

async function readDatabaseBytes(db: Queryable): Promise<number> {
  const { bytes } = await runOne<{ readonly bytes: number }>(
    db,
    sql`select pg_database_size(current_database())::float8 as bytes`,
  );
  return bytes;
}
