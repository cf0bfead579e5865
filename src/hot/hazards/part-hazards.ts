/** Looks for what the domain's `part-hazards` judges: a few statements, however many parts there are. */
import type { PartHazard, PartRight, TablePart } from '../../domain/plan/part-hazards.ts';
import type { TableDescription } from '../../domain/table.ts';
import { type Queryable, raw, run, type Sql, sql } from '../sql.ts';
import { findForeignKeys } from '../table/foreign-keys.ts';
import { describeTree } from '../table/partitions.ts';
import { findDeleteRules } from './delete-rules.ts';

/** Everything found around the partitions or chunks, in no order of weight. Reads catalogues only. */
export async function findPartHazards(
  db: Queryable,
  table: TableDescription,
): Promise<readonly PartHazard[]> {
  const parts = await partsOf(db, table);
  if (parts.size === 0) return [];
  return [
    ...(await missingRights(db, table, parts)),
    ...(await dependents(db, parts)),
    ...(await references(db, parts)),
    ...(table.kind === 'hypertable' ? await frozen(db, parts) : await rulesOf(db, parts)),
  ];
}

type Parts = ReadonlyMap<number, TablePart>;

async function partsOf(db: Queryable, table: TableDescription): Promise<Parts> {
  if (table.kind === 'partitioned') return describeTree(db, table.oid, table.timeColumn);
  return new Map(table.parts.map(({ oid, ref, range }) => [oid, { ref, leaves: [oid], range }]));
}

interface Rights {
  readonly oid: number;
  readonly ownership: boolean;
  readonly usage: boolean;
  readonly select: boolean;
  readonly delete: boolean;
  readonly lock: boolean;
  readonly hidden: boolean;
  /** It has rows of its own. */
  readonly is_leaf: boolean;
}

async function missingRights(
  db: Queryable,
  table: TableDescription,
  parts: Parts,
): Promise<readonly PartHazard[]> {
  const found = await run<Rights>(
    db,
    sql`select * from (
          select c.oid, c.relkind <> 'p' as is_leaf,
                 pg_has_role(c.relowner, 'usage') or pg_has_role(n.nspowner, 'usage') as ownership,
                 has_schema_privilege(n.oid, 'usage') as usage,
                 has_table_privilege(c.oid, 'select') as select,
                 has_table_privilege(c.oid, 'delete') as delete,
                 has_table_privilege(c.oid, 'update, delete, truncate') as lock,
                 row_security_active(c.oid) as hidden
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.oid = any (${[...parts.keys()]}::oid[]) and c.relkind in ('r', 'p')
        ) as rights
        where hidden or not (ownership and usage and "select" and "delete" and lock)`,
  );
  return found.flatMap((rights) => {
    const part = partOf(parts, rights.oid);
    const needed: readonly PartRight[] = rights.is_leaf
      ? ['usage', 'select', 'delete', 'lock']
      : ['usage', 'lock'];
    // TimescaleDB asks for the hypertable's owner only.
    const asked = table.kind === 'hypertable' ? needed : (['ownership', ...needed] as const);
    const hazards: PartHazard[] = asked
      .filter((right) => !rights[right])
      .map((lacks) => ({ kind: 'part_right', part, lacks }));
    if (rights.hidden && rights.is_leaf) hazards.push({ kind: 'part_row_security', part });
    return hazards;
  });
}

/**
 * What a DROP … RESTRICT would name: whatever needs something that goes with the part (its row type,
 * its columns, its sequences) and does not go with it. Foreign keys are looked for by themselves.
 */
async function dependents(db: Queryable, parts: Parts): Promise<readonly PartHazard[]> {
  const found = await run<{ readonly part: number; readonly dependent: string }>(
    db,
    sql`with recursive goes as (
          select oid as part, 'pg_class'::regclass::oid as classid, oid as objid
          from unnest(${[...parts.keys()]}::oid[]) as oid
          union
          select g.part, d.classid, d.objid
          from goes g join pg_depend d on d.refclassid = g.classid and d.refobjid = g.objid
          -- A partition below another is looked at by itself.
          where d.deptype in ('a', 'i', 'P', 'S')
            and not (d.classid = 'pg_class'::regclass and d.objid = any (${[...parts.keys()]}::oid[]))
        ), blocking as (
          select distinct g.part, d.classid, d.objid
          from goes g join pg_depend d on d.refclassid = g.classid and d.refobjid = g.objid
          where d.deptype = 'n' and not exists (
            select from goes other where other.part = g.part and other.classid = d.classid and other.objid = d.objid)
        )
        select distinct b.part, coalesce(v.named, pg_describe_object(b.classid, b.objid, 0)) as dependent
        from blocking b
        left join pg_constraint k on b.classid = 'pg_constraint'::regclass and k.oid = b.objid
        left join lateral (
          select ${describedTable()} as named
          from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
          where b.classid = 'pg_rewrite'::regclass and r.oid = b.objid) v on true
        where k.contype is distinct from 'f'
        order by b.part, 2`,
  );
  return found.map(({ part, dependent }) => ({
    kind: 'part_dependent',
    part: partOf(parts, part),
    dependent,
  }));
}

/** A rule's own name says little: the view that it makes is what people know. */
function describedTable(): Sql {
  return raw(
    `case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'a rule of' end || ' ' || n.nspname || '.' || c.relname`,
  );
}

async function references(db: Queryable, parts: Parts): Promise<readonly PartHazard[]> {
  const keys = await findForeignKeys(db, [...parts.keys()]);
  return keys.map(({ to, constraint, from, onDelete }) => ({
    kind: 'part_reference',
    part: partOf(parts, to),
    constraint,
    from,
    onDelete,
  }));
}

/** Rows are deleted from leaves alone, and from a chunk never by its name. */
async function rulesOf(db: Queryable, parts: Parts): Promise<readonly PartHazard[]> {
  const rules = await findDeleteRules(db, [...parts.keys()]);
  return rules
    .map(({ rule, oid }) => ({ kind: 'part_rule', rule, part: partOf(parts, oid), oid }) as const)
    .filter(({ part, oid }) => part.leaves.includes(oid))
    .map(({ kind, rule, part }) => ({ kind, rule, part }));
}

/** Bit 2 of a chunk's status. TimescaleDB 2.29 names a chunk by its oid, earlier ones by its name. */
async function frozen(db: Queryable, parts: Parts): Promise<readonly PartHazard[]> {
  const byOid = await run(
    db,
    sql`select from pg_attribute
        where attrelid = to_regclass('_timescaledb_catalog.chunk') and attname = 'relid' and not attisdropped`,
  );
  const chunks =
    byOid.length > 0
      ? sql`select relid::oid as oid, status from _timescaledb_catalog.chunk`
      : sql`select r.oid, c.status from _timescaledb_catalog.chunk c
            join pg_namespace n on n.nspname = c.schema_name
            join pg_class r on r.relnamespace = n.oid and r.relname = c.table_name`;
  const found = await run<{ readonly oid: number }>(
    db,
    sql`select oid from (${chunks}) as chunks
        where status & 4 <> 0 and oid = any (${[...parts.keys()]}::oid[]) order by oid`,
  );
  return found.map(({ oid }) => ({ kind: 'frozen_chunk', part: partOf(parts, oid) }));
}

function partOf(parts: Parts, oid: number): TablePart {
  const part = parts.get(oid);
  if (part === undefined) throw new RangeError(`no part with oid ${String(oid)}`);
  return part;
}
