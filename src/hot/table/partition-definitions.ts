/** What partitions are made of, read before they are dropped. */
import type { DroppedPartition } from '../../domain/plan/dropped-partition.ts';
import type { TableDescription, TableRef } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { describeTree } from './partitions.ts';

interface DefinitionRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly parent_schema: string;
  readonly parent_name: string;
  readonly bound: string;
  readonly partition_key: string | null;
  readonly owner: string;
  readonly tablespace: string | null;
  readonly options: readonly string[];
}

/** The partitions `topmost` and all below them, parents first. */
export async function describeDefinitions(
  db: Queryable,
  table: TableDescription,
  topmost: readonly { readonly oid: number }[],
): Promise<readonly DroppedPartition[]> {
  const tree = await describeTree(db, table.oid, table.timeColumn);
  const rows = await run<DefinitionRow>(
    db,
    sql`with recursive going as (
          select oid, 0 as level from unnest(${topmost.map(({ oid }) => oid)}::oid[]) oid
          union all
          select i.inhrelid, going.level + 1 from going join pg_inherits i on i.inhparent = going.oid
        )
        select c.oid, n.nspname as schema, c.relname as name, pn.nspname as parent_schema, p.relname as parent_name,
               pg_get_expr(c.relpartbound, c.oid) as bound,
               case c.relkind when 'p' then pg_get_partkeydef(c.oid) end as partition_key,
               pg_get_userbyid(c.relowner)::text as owner, s.spcname as tablespace,
               coalesce(c.reloptions, '{}') as options
        from going join pg_class c on c.oid = going.oid
        join pg_namespace n on n.oid = c.relnamespace
        join pg_inherits i on i.inhrelid = c.oid
        join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
        left join pg_tablespace s on s.oid = c.reltablespace
        order by going.level, c.oid`,
  );
  return rows.flatMap((row) => {
    const range = tree.get(row.oid)?.range ?? null;
    // Nothing is dropped whose bounds in time are not known.
    return range === null ? [] : [definitionOf(row, range)];
  });
}

function definitionOf(row: DefinitionRow, range: DroppedPartition['range']): DroppedPartition {
  const ref: TableRef = { schema: row.schema, name: row.name };
  return {
    ref,
    parent: { schema: row.parent_schema, name: row.parent_name },
    bound: row.bound,
    partitionKey: row.partition_key,
    owner: row.owner,
    tablespace: row.tablespace,
    options: row.options,
    range,
  };
}
