/** What stands in the way of rows that come back into a table. Reads catalogues only. */
import type { Refusal } from '../../domain/plan/refusal.ts';
import { sqlName, sqlTable } from '../../domain/sql-name.ts';
import { formatTable, type TableDescription, type TableRef } from '../../domain/table.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';
import { firesHere } from '../table/fires.ts';
import { findUnlogged } from '../table/unlogged-tables.ts';
import { isWrittenCompressed } from '../timescale/written-compressed.ts';
import { findUncheckedKeys } from './unchecked-keys.ts';

/**
 * @param oldest of the rows: what a retention policy goes by
 * @param throughTemporary rows pass through a temporary table first, for what the lake holds as text
 * @param sharedWith the dataset's own table, where its rows stay cold and must not show up
 */
export async function findRestoreHazards(
  db: Queryable,
  { ref, oid }: Pick<TableDescription, 'ref' | 'oid'>,
  kind: TableDescription['kind'],
  {
    oldest,
    throughTemporary,
    sharedWith,
  }: {
    readonly oldest: EpochMs;
    readonly throughTemporary: boolean;
    readonly sharedWith: Pick<TableDescription, 'ref' | 'oid'> | null;
  },
): Promise<readonly Refusal[]> {
  const isCompressed = kind === 'hypertable' && (await isWrittenCompressed(db, ref));
  const text = throughTemporary ? 'has columns that the lake holds as text' : null;
  const whyTemporary = isCompressed ? 'is compressed as it is written' : text;
  return [
    ...(sharedWith === null
      ? await unlogged(db, oid)
      : await sharedRows(db, { ref, oid }, sharedWith)),
    ...(await rightsAndPolicies(db, ref, oid, whyTemporary)),
    ...(await insertTriggers(db, oid)),
    ...(await findUncheckedKeys(db, oid)),
    ...(await insertRules(db, oid)),
    ...(kind === 'hypertable' ? await retention(db, ref, oldest) : []),
  ];
}

/** The lake gives its rows up, and a crash of the server empties the table, or the partition. */
async function unlogged(db: Queryable, oid: number): Promise<readonly Refusal[]> {
  const found = await findUnlogged(db, oid);
  return found.map((ref) => ({
    guard: 'unlogged_table',
    message: `${formatTable(ref)} is unlogged: a crash of the server would empty it, and the lake would have the rows no more`,
    hint: `alter table ${sqlTable(ref)} set logged; or copy the rows with --into a table`,
    forceable: true,
  }));
}

/** A partition, chunk or child shows its rows in the table above it, which in turn passes rows down to it. */
async function sharedRows(
  db: Queryable,
  { ref, oid }: Pick<TableDescription, 'ref' | 'oid'>,
  own: Pick<TableDescription, 'ref' | 'oid'>,
): Promise<readonly Refusal[]> {
  const { shared } = await runOne<{ readonly shared: boolean }>(
    db,
    sql`with recursive
          below as (select ${own.oid}::oid as oid
                    union select i.inhrelid from pg_inherits i join below b on i.inhparent = b.oid),
          above as (select ${own.oid}::oid as oid
                    union select i.inhparent from pg_inherits i join above a on i.inhrelid = a.oid)
        select ${oid}::oid in (select b.oid from below b union all select a.oid from above a) as shared`,
  );
  if (!shared) return [];
  return [
    {
      guard: 'own_table',
      message: `${formatTable(ref)} shares its rows with ${formatTable(own.ref)}, the dataset's own table: there and in the lake each would be read twice`,
      hint: 'leave --into out, so that the rows leave the lake; or use --into a table that stands for itself',
      forceable: false,
    },
  ];
}

interface Flags {
  readonly row_security: boolean;
  readonly insert: boolean;
  readonly temporary: boolean;
  readonly role: string;
  readonly database: string;
}

async function rightsAndPolicies(
  db: Queryable,
  ref: TableRef,
  oid: number,
  whyTemporary: string | null,
): Promise<readonly Refusal[]> {
  const flags = await runOne<Flags>(
    db,
    sql`select row_security_active(${oid}::oid) as row_security,
               has_table_privilege(${oid}::oid, 'insert') as insert,
               has_database_privilege(current_database(), 'temporary') as temporary,
               current_user as role, current_database() as database`,
  );
  const refusals: Refusal[] = [];
  if (flags.row_security) {
    refusals.push({
      guard: 'row_security',
      message: `row-level security is active on ${formatTable(ref)} for ${flags.role}: PostgreSQL refuses COPY, and nobody could read back what was written`,
      hint: `alter role ${sqlName(flags.role)} bypassrls, or let the table's owner restore`,
      forceable: false,
    });
  }
  if (!flags.insert) {
    refusals.push({
      guard: 'missing_privilege',
      message: `${flags.role} may not insert into ${formatTable(ref)}`,
      hint: `grant insert on ${sqlTable(ref)} to ${sqlName(flags.role)};`,
      forceable: false,
    });
  }
  if (whyTemporary !== null && !flags.temporary) {
    refusals.push({
      guard: 'missing_privilege',
      message: `${formatTable(ref)} ${whyTemporary}, so its rows pass through a temporary table, which ${flags.role} may not make`,
      hint: `grant temporary on database ${sqlName(flags.database)} to ${sqlName(flags.role)};`,
      forceable: false,
    });
  }
  return refusals;
}

/** Bit of pg_trigger.tgtype: INSERT. */
const ON_INSERT = 4;

/** The application's own, on the table or a partition of it; a chunk has copies of its table's. */
async function insertTriggers(db: Queryable, oid: number): Promise<readonly Refusal[]> {
  const found = await run<TableRef & { readonly trigger: string }>(
    db,
    sql`select t.tgname as trigger, n.nspname as schema, c.relname as name
        from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
        join pg_proc f on f.oid = t.tgfoid join pg_namespace fn on fn.oid = f.pronamespace
        where (t.tgrelid = ${oid}::oid or t.tgrelid in (select relid from pg_partition_tree(${oid}::oid::regclass)))
          and t.tgtype & ${ON_INSERT} <> 0 and not t.tgisinternal and t.tgparentid = 0
          and ${firesHere('t.tgenabled')} and fn.nspname not like '\\_timescaledb\\_%'
        order by t.oid`,
  );
  return found.map(({ trigger, schema, name }) => ({
    guard: 'insert_trigger',
    message: `trigger ${trigger} of ${schema}.${name} would fire for each row as if it were new`,
    hint: `alter table ${sqlTable({ schema, name })} disable trigger ${sqlName(trigger)}; and enable it afterwards, or let it fire with --force`,
    forceable: true,
  }));
}

/** pg_rewrite.ev_type's letter for INSERT. */
const RULE_ON_INSERT = '3';

async function insertRules(db: Queryable, oid: number): Promise<readonly Refusal[]> {
  const found = await run<TableRef & { readonly rule: string }>(
    db,
    sql`select r.rulename as rule, n.nspname as schema, c.relname as name
        from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
        where r.ev_class = ${oid}::oid and r.ev_type = ${RULE_ON_INSERT} and ${firesHere('r.ev_enabled')}
        order by r.oid`,
  );
  return found.map(({ rule, schema, name }) => ({
    guard: 'insert_rule',
    message: `rule ${rule} of ${schema}.${name} makes something else of an insert`,
    hint: `alter table ${sqlTable({ schema, name })} disable rule ${sqlName(rule)}; and enable it afterwards, or use --into another table`,
    forceable: false,
  }));
}

/** TimescaleDB would drop the chunk that the rows are in, and the lake has them no more. */
async function retention(
  db: Queryable,
  { schema, name }: TableRef,
  oldest: EpochMs,
): Promise<readonly Refusal[]> {
  const found = await run<{ readonly job: number; readonly drop_after: string | null }>(
    db,
    sql`select job_id as job, config ->> 'drop_after' as drop_after
        from timescaledb_information.jobs
        where proc_name = 'policy_retention' and scheduled
          and hypertable_schema = ${schema} and hypertable_name = ${name}
          and (coalesce(jsonb_typeof(config -> 'drop_after'), '') <> 'string'
               or extract(epoch from now() - case when jsonb_typeof(config -> 'drop_after') = 'string'
                                                  then (config ->> 'drop_after')::interval end) * 1000 > ${oldest}::float8)
        order by 1`,
  );
  return found.map(({ job, drop_after: after }) => ({
    guard: 'retention_policy',
    message: `TimescaleDB's retention policy (job ${String(job)}, drop_after ${after ?? 'a time of its own'}) would drop what comes back, and the lake would have it no more`,
    hint: `select alter_job(${String(job)}, scheduled => false); for as long as the rows are to stay hot, or use --into another table`,
    forceable: false,
  }));
}

/** Chunks of a hypertable that are compressed now, by their oid. */
export async function compressedChunks(
  db: Queryable,
  { parts, kind }: Pick<TableDescription, 'parts' | 'kind'>,
): Promise<ReadonlySet<number>> {
  if (kind !== 'hypertable' || parts.length === 0) return new Set();
  const found = await run<{ readonly oid: number }>(
    db,
    sql`select c.oid from timescaledb_information.chunks ch
        join pg_namespace n on n.nspname = ch.chunk_schema
        join pg_class c on c.relnamespace = n.oid and c.relname = ch.chunk_name
        where ch.is_compressed and c.oid = any (${parts.map((part) => part.oid)}::oid[])`,
  );
  return new Set(found.map(({ oid }) => oid));
}
