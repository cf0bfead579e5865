import type { IndexFacts, IndexUse } from '../../domain/inspect/indexes.ts';
import type { TableKind } from '../../domain/table.ts';
import { type Queryable, raw, run, runOne, sql } from '../sql.ts';
import { type InspectScope, KIND, members } from './members.ts';

const MOST = 30;

interface IndexRow extends Omit<IndexUse, 'table' | 'index' | 'sameAs'> {
  readonly schema: string;
  readonly name: string;
  readonly kind: TableKind;
  readonly index_schema: string;
  readonly index_name: string;
  readonly same_schema: string | null;
  readonly same_name: string | null;
}

/**
 * The indexes that are worth a word, the largest first. Those of a table's chunks and partitions count as
 * the one of the table that says the same, for not every version of TimescaleDB notes which that is. pg_get_indexdef would
 * wait for whoever has locked the table, so what an index says is put together here.
 */
export async function readIndexUse(db: Queryable, scope: InspectScope): Promise<IndexFacts> {
  const rows = await run<IndexRow>(
    db,
    sql`with recursive ${members(scope)},
        -- With the roots themselves: an index of a partitioned table has no pages and bears the name to drop.
        tables (oid, root) as (select oid, root from up union select oid, root from members),
        each as (
          select t.root, i.indrelid, i.indexrelid, x.relpages::float8 * current_setting('block_size')::int as bytes,
                 pg_stat_get_numscans(i.indexrelid) as scans, i.indisvalid,
                 i.indisunique or i.indisprimary or i.indisexclusion or i.indisreplident
                   or exists (select from pg_constraint k where k.conindid = i.indexrelid) as needed,
                 -- One that is being made is invalid until it is there.
                 not i.indisvalid and x.relkind = 'i'
                   and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid) as broken,
                 ${raw(DEFINITION)} as definition, ${raw(MEANING)} as meaning
          from tables t join pg_index i on i.indrelid = t.oid join pg_class x on x.oid = i.indexrelid
          join pg_am am on am.oid = x.relam),
        numbered as (
          select *, row_number() over (partition by indrelid, definition, meaning, needed order by indexrelid) as copy from each),
        alike as (
          select root, definition, meaning, needed, copy, count(*)::int as parts, sum(bytes) as bytes, sum(scans) as scans,
                 bool_or(broken) as broken,
                 coalesce(min(indexrelid) filter (where broken), min(indexrelid) filter (where indrelid = root), min(indexrelid)) as index
          from numbered group by root, definition, meaning, needed, copy)
        select n.nspname::text as schema, c.relname::text as name,
               case when x.relnamespace = c.relnamespace or a.index in (select indexrelid from pg_index where indrelid = c.oid)
                    then ${KIND} else 'plain' end as kind,
               xn.nspname::text as index_schema, x.relname::text as index_name, a.definition,
               a.parts, a.bytes::float8 as bytes, a.scans::float8 as scans, a.needed as "isNeeded",
               not a.broken as "isValid", sn.nspname::text as same_schema, s.relname::text as same_name
        from alike a join pg_class c on c.oid = a.root join pg_namespace n on n.oid = c.relnamespace
        join pg_class x on x.oid = a.index join pg_namespace xn on xn.oid = x.relnamespace
        left join alike first on first.root = a.root and first.definition = a.definition and first.meaning = a.meaning
          and not a.needed and (first.needed or first.copy < a.copy)
        left join pg_class s on s.oid = first.index left join pg_namespace sn on sn.oid = s.relnamespace
        where a.broken or s.oid is not null or (not a.needed and a.scans = 0)
        order by a.broken desc, s.oid is null, a.bytes desc, x.relname limit ${MOST}`,
  );
  const totals = await readTotals(db, scope);
  const indexes = rows.map(
    ({ schema, name, index_schema, index_name, same_schema, same_name, ...use }): IndexUse => ({
      ...use,
      table: { schema, name },
      index: { schema: index_schema, name: index_name },
      sameAs:
        same_schema === null || same_name === null
          ? null
          : { schema: same_schema, name: same_name },
    }),
  );
  return { ...totals, indexes };
}

/** `btree (symbol, ts desc)`, of the index `i`: an expression is named as the server named its column. */
const DEFINITION = `am.amname || ' (' || (
    select string_agg(case when k.at > i.indnkeyatts then 'include ' else '' end || a.attname
                      || case when i.indoption[k.at - 1] & 1 = 1 then ' desc' else '' end, ', ' order by k.at)
    from generate_series(1, i.indnatts) as k (at)
    join pg_attribute a on a.attrelid = i.indexrelid and a.attnum = k.at) || ')'
  || case when i.indpred is null then '' else ' of some rows' end`;

/** What else two that are alike have in common; where in a statement an expression stood is no part of it. */
const MEANING = `concat_ws('/', i.indclass, i.indcollation, i.indoption,
    regexp_replace(i.indexprs::text, ':location -?[0-9]+', '', 'g'),
    regexp_replace(i.indpred::text, ':location -?[0-9]+', '', 'g'))`;

function readTotals(db: Queryable, scope: InspectScope): Promise<Omit<IndexFacts, 'indexes'>> {
  return runOne<Omit<IndexFacts, 'indexes'>>(
    db,
    sql`with recursive ${members(scope)}
        select (select count(*)::int from members m join pg_index i on i.indrelid = m.oid) as "all",
               (select extract(epoch from clock_timestamp() - stats_reset)::float8
                from pg_stat_database where datname = current_database()) as "countedSeconds",
               (select count(*)::int from pg_stat_replication) as standbys`,
  );
}
