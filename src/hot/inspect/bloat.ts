/** How much of tables and B-tree indexes holds no rows: an estimate that reads none of them. */
import type { Bloat, BloatFacts } from '../../domain/inspect/bloat.ts';
import { type Queryable, raw, run, sql } from '../sql.ts';
import { type InspectScope, members } from './members.ts';

/** 8 MB of the usual pages; and so many of the largest. */
const MIN_PAGES = 1_024;
const MOST = 200;

interface BloatRow {
  readonly kind: 'table' | 'index';
  readonly schema: string;
  readonly name: string;
  readonly root_schema: string;
  readonly root_name: string;
  readonly bytes: number;
  readonly expected: number | null;
}

/**
 * Pages as of the last VACUUM or ANALYZE, against rows × (header + widths of the columns, which ANALYZE
 * measured). `pg_stats` shows those of columns that the role may read.
 */
export async function readBloat(db: Queryable, scope: InspectScope): Promise<BloatFacts> {
  const rows = await run<BloatRow>(
    db,
    sql`with recursive ${members(scope)},
        heaps as (
          select 'table' as kind, m.root, c.oid, c.relpages, c.reltuples,
                 ${raw(fillfactor(100))} as fill, ${raw(HEAP_ROW)} as row_bytes
          from (select m.root, c.* from members m join pg_class c on c.oid = m.oid
                where c.relpages >= ${MIN_PAGES} order by c.relpages desc limit ${MOST}) c
          cross join lateral (select c.root) m),
        trees as (
          select 'index' as kind, c.root, c.oid, c.relpages, c.reltuples,
                 ${raw(fillfactor(90))} as fill, ${raw(TREE_ROW)} as row_bytes
          from (select m.root, i.indrelid, i.indkey, i.indnatts, c.* from members m join pg_index i on i.indrelid = m.oid
                join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
                where a.amname = 'btree' and c.relpages >= ${MIN_PAGES} order by c.relpages desc limit ${MOST}) c),
        both_kinds as (select * from heaps union all select * from trees)
        select b.kind, n.nspname::text as schema, c.relname::text as name, rn.nspname::text as root_schema,
               r.relname::text as root_name, b.relpages::float8 * ${raw(PAGE)} as bytes,
               case when b.reltuples >= 0 then
                 (ceil(b.reltuples / greatest(floor((${raw(PAGE)} - 40) * b.fill / 100 / b.row_bytes), 1)) + 1) * ${raw(PAGE)} end::float8 as expected
        from both_kinds b join pg_class c on c.oid = b.oid join pg_namespace n on n.oid = c.relnamespace
        join pg_class r on r.oid = b.root join pg_namespace rn on rn.oid = r.relnamespace
        order by bytes desc`,
  );
  const relations = rows.flatMap(
    ({ kind, schema, name, root_schema, root_name, bytes, expected }): Bloat[] =>
      expected === null
        ? []
        : [
            {
              kind,
              relation: { schema, name },
              root: { schema: root_schema, name: root_name },
              bytes,
              expectedBytes: expected,
            },
          ],
  );
  return { relations, unknown: rows.length - relations.length };
}

const PAGE = "current_setting('block_size')::int";

const fillfactor = (usual: number): string =>
  `coalesce((select o.option_value::float8 from pg_options_to_table(c.reloptions) o where o.option_name = 'fillfactor'), ${String(usual)})`;

/** Of the columns of `relation` that are in `which`: null as soon as one has no statistics that this role may see. */
const widths = (relation: string, which: string): string =>
  `(select case when count(*) = count(s.avg_width) then sum(s.avg_width * (1 - s.null_frac)) end
    from pg_attribute a join pg_class t on t.oid = a.attrelid join pg_namespace tn on tn.oid = t.relnamespace
    left join pg_stats s on s.schemaname = tn.nspname and s.tablename = t.relname and s.attname = a.attname and not s.inherited
    where a.attrelid = ${relation} and a.attnum > 0 and not a.attisdropped and ${which})`;

/** To whole 8 bytes, as the server lays rows out. */
const aligned = (bytes: string): string => `ceil((${bytes}) / 8.0) * 8`;

const HEAP_ROW = `4 + 24 + ${aligned(widths('c.oid', 'true'))}`;
const TREE_ROW = `4 + 8 + ${aligned(widths('c.indrelid', 'a.attnum = any (c.indkey)'))} + case when 0 = any (c.indkey) then null else 0 end`;
