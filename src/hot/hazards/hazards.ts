/** Looking for what stands around a table: facts of the catalogue, judged in `domain/plan/hazards`. */
import type { TableHazard } from '../../domain/plan/hazards.ts';
import type { TableDescription, TableRef } from '../../domain/table.ts';
import { type Queryable, raw, run, runOne, type Sql, sql } from '../sql.ts';
import { firesHere } from '../table/fires.ts';
import { findForeignKeys, holdsRows } from '../table/foreign-keys.ts';
import { findHeirs, type Heir } from '../table/heirs.ts';
import { hasTimeIndex } from '../table/time-index.ts';
import { findUnlogged } from '../table/unlogged-tables.ts';
import { findTimescaleHazards } from '../timescale/timescale-hazards.ts';
import { findDeleteRules } from './delete-rules.ts';
import { findDeleteTriggers } from './delete-triggers.ts';

/** Everything found, in no order of weight. Reads catalogues only. */
export async function findHazards(
  db: Queryable,
  table: TableDescription,
): Promise<readonly TableHazard[]> {
  const own = await tablesOf(db, table);
  const heirs = await findHeirs(db, table);
  const oids = own.map((each) => each.oid);
  const withHeirs = [...oids, ...heirs.map(({ oid }) => oid)];
  return [
    ...(await ofTheTableItself(db, table)),
    ...ofHeirs(heirs),
    ...own
      .filter((each) => each.kind === 'f')
      .map((each) => ({ kind: 'foreign_partition', partition: refOf(each) }) as const),
    ...(await foreignKeys(db, table, heirs)),
    ...(await triggersAndRules(db, { triggersOf: withHeirs, rulesOf: oids })),
    ...(await publications(db, withHeirs)),
    ...(table.kind === 'partitioned' ? await eventTriggers(db) : []),
    ...(table.kind === 'hypertable' ? await findTimescaleHazards(db, table) : []),
  ];
}

interface OwnTable extends TableRef {
  readonly oid: number;
  readonly kind: string;
}

/** The table, and its partitions: chunks have copies of the same constraints and triggers. */
function tablesOf(db: Queryable, table: TableDescription): Promise<readonly OwnTable[]> {
  return run<OwnTable>(
    db,
    sql`select c.oid, c.relkind as kind, n.nspname as schema, c.relname as name
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.oid = ${table.oid}::oid
           or c.oid in (select relid from pg_partition_tree(${table.oid}::oid::regclass))
        order by c.oid`,
  );
}

interface TableFlags {
  readonly row_security: boolean;
  readonly persistence: string;
  readonly usage: boolean;
  readonly select: boolean;
  readonly delete: boolean;
  readonly owned: boolean;
  readonly vacuums: boolean;
  readonly default_partition: boolean;
}

async function ofTheTableItself(
  db: Queryable,
  table: TableDescription,
): Promise<readonly TableHazard[]> {
  const flags = await readFlags(db, table);
  const hazards: TableHazard[] = [];
  if (flags.row_security) hazards.push({ kind: 'row_security' });
  if (flags.persistence === 't') hazards.push({ kind: 'temporary' });
  const unlogged = await findUnlogged(db, table.oid);
  if (unlogged.length > 0) hazards.push({ kind: 'unlogged', tables: unlogged });
  for (const privilege of ['usage', 'select', 'delete'] as const) {
    if (!flags[privilege]) hazards.push({ kind: 'missing_privilege', privilege });
  }
  if (!flags.owned) hazards.push({ kind: 'missing_privilege', privilege: 'ownership' });
  if (!flags.vacuums) hazards.push({ kind: 'missing_privilege', privilege: 'vacuum' });
  if (table.kind === 'partitioned' && !flags.default_partition) {
    hazards.push({ kind: 'no_default_partition' });
  }
  if (!(await hasTimeIndex(db, table))) hazards.push({ kind: 'no_time_index' });
  const columns = await oidColumns(db, table);
  if (columns.length > 0) hazards.push({ kind: 'large_objects', columns });
  return hazards;
}

/** None where the database has no large object. Of the type itself, or of a domain over it as `lo` is. */
async function oidColumns(db: Queryable, { oid }: TableDescription): Promise<readonly string[]> {
  const found = await run<{ readonly name: string }>(
    db,
    sql`select a.attname::text as name from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = ${oid}::oid and a.attnum > 0 and not a.attisdropped
          and 'oid'::regtype in (t.oid, t.typbasetype) and exists (select from pg_largeobject_metadata)
        order by a.attnum`,
  );
  return found.map(({ name }) => name);
}

function readFlags(db: Queryable, table: TableDescription): Promise<TableFlags> {
  return runOne<TableFlags>(
    db,
    sql`select row_security_active(c.oid) as row_security, c.relpersistence as persistence,
               has_schema_privilege(c.relnamespace, 'usage') as usage,
               has_table_privilege(c.oid, 'select') as select,
               has_table_privilege(c.oid, 'delete') as delete,
               pg_has_role(c.relowner, 'usage') as owned,
               not exists (
                 select from pg_class v
                 where (v.oid = c.oid or v.oid in (select t.relid from pg_partition_tree(c.oid::regclass) t where t.isleaf))
                   and v.relkind in ('r', 'm') and not (${mayVacuum()})) as vacuums,
               exists (select from pg_partitioned_table p where p.partrelid = c.oid and p.partdefid <> 0) as default_partition
        from pg_class c where c.oid = ${table.oid}::oid`,
  );
}

/**
 * As VACUUM itself asks: of the owner of the table or of the database, and from 17 on for MAINTAIN, which
 * servers before that don't know the name of.
 */
function mayVacuum(): Sql {
  return raw(
    `pg_has_role(v.relowner, 'usage')
     or (select pg_has_role(d.datdba, 'usage') from pg_database d where d.datname = current_database())
     or case when current_setting('server_version_num')::int >= 170000 then has_table_privilege(v.oid, 'maintain') else false end`,
  );
}

function ofHeirs(heirs: readonly Heir[]): readonly TableHazard[] {
  if (heirs.length === 0) return [];
  return [
    { kind: 'inheritance', children: heirs.map(({ ref }) => ref) },
    ...heirs
      .filter(({ ownColumns }) => ownColumns.length > 0)
      .map(
        ({ ref, ownColumns }) =>
          ({ kind: 'heir_columns', heir: ref, columns: ownColumns }) as const,
      ),
    ...heirs
      .filter(({ isForeign }) => isForeign)
      .map(({ ref }) => ({ kind: 'foreign_heir', heir: ref }) as const),
  ];
}

async function foreignKeys(
  db: Queryable,
  table: TableDescription,
  heirs: readonly Heir[],
): Promise<readonly TableHazard[]> {
  const found = await findForeignKeys(db, [table.oid, ...heirs.map(({ oid }) => oid)]);
  const holding = found.filter((key) => holdsRows(key, table));
  return holding.map(({ constraint, from, to, onDelete }) => ({
    kind: 'foreign_key',
    constraint,
    from,
    to: heirs.find(({ oid }) => oid === to)?.ref ?? table.ref,
    onDelete,
  }));
}

async function triggersAndRules(
  db: Queryable,
  { triggersOf, rulesOf }: Record<'triggersOf' | 'rulesOf', readonly number[]>,
): Promise<readonly TableHazard[]> {
  const triggers = await findDeleteTriggers(db, triggersOf);
  const rules = await findDeleteRules(db, rulesOf);
  return [
    ...triggers.map((each) => ({ kind: 'delete_trigger', ...each }) as const),
    ...rules.map(({ rule, on }) => ({ kind: 'delete_rule', rule, on }) as const),
  ];
}

/** An extension's own know what they do. drop_chunks() is no command, and fires none (2.19.3, 2.29.2). */
async function eventTriggers(db: Queryable): Promise<readonly TableHazard[]> {
  const found = await run<{ readonly trigger: string; readonly event: string }>(
    db,
    sql`select e.evtname as trigger, e.evtevent as event
        from pg_event_trigger e
        where ${firesHere('e.evtenabled')}
          and e.evtevent in ('sql_drop', 'ddl_command_start', 'ddl_command_end')
          and (e.evttags is null or e.evttags && array['DROP TABLE', 'ALTER TABLE'])
          and not exists (
            select from pg_depend d
            where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e')
        order by 1`,
  );
  return found.map((each) => ({ kind: 'event_trigger', ...each }));
}

async function publications(
  db: Queryable,
  oids: readonly number[],
): Promise<readonly TableHazard[]> {
  const found = await run<{
    readonly publication: string;
    readonly sends_deletes: boolean;
    readonly has_identity: boolean;
  }>(
    db,
    // A replica identity is the leaf's own: one leaf without it is enough to stop a DELETE.
    sql`with published as (
          select distinct p.oid, p.pubname, p.pubdelete
          from pg_publication p cross join lateral pg_get_publication_tables(p.pubname) t
          where t.relid = any (${oids}::oid[])
        )
        select p.pubname as publication, p.pubdelete as sends_deletes,
               not exists (
                 select from pg_class c
                 where c.oid = any (${oids}::oid[]) and c.relkind = 'r'
                   and (c.relreplident = 'n' or c.relreplident = 'd' and not exists (
                     select from pg_index i where i.indrelid = c.oid and i.indisprimary))) as has_identity
        from published p order by 1`,
  );
  return found.map((each) => ({
    kind: 'publication',
    publication: each.publication,
    sendsDeletes: each.sends_deletes,
    hasIdentity: each.has_identity,
  }));
}

function refOf(row: TableRef): TableRef {
  return { schema: row.schema, name: row.name };
}
