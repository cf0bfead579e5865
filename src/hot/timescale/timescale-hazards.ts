/** What the Community edition of TimescaleDB may have put on a hypertable. */
import type { TableHazard } from '../../domain/plan/hazards.ts';
import type { TableDescription, TableRef } from '../../domain/table.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { listInPlace } from '../attach/in-place-sql.ts';
import { refreshesInPlace } from '../attach/refreshes-in-place.ts';
import { integerToMsFloor, SLICEABLE, unitOf } from '../measure/time-bounds.ts';
import { type Queryable, raw, run, runOne, type Sql, sql, tableName } from '../sql.ts';

/**
 * Continuous aggregates with how far each has been materialised, the policies that refresh them,
 * retention policies, and compressed chunks that can't be dropped. The Apache edition has the views that list them, and they are empty there.
 */
export async function findTimescaleHazards(
  db: Queryable,
  table: TableDescription,
): Promise<readonly TableHazard[]> {
  return [
    ...(await aggregates(db, table)),
    ...(await retentionPolicies(db, table)),
    ...(await compressedElsewhere(db, table)),
    ...(await foreignChunks(db, table)),
  ];
}

async function foreignChunks(
  db: Queryable,
  { ref }: TableDescription,
): Promise<readonly TableHazard[]> {
  const { role } = await runOne<{ readonly role: string }>(
    db,
    sql`select current_user::text as role`,
  );
  return (await listInPlace(db)).flatMap(({ table, chunk, otherOwner }) =>
    otherOwner === null || table.schema !== ref.schema || table.name !== ref.name
      ? []
      : [{ kind: 'foreign_chunk', chunk, owner: otherOwner, role } as const],
  );
}

async function compressedElsewhere(
  db: Queryable,
  table: TableDescription,
): Promise<readonly TableHazard[]> {
  const compressed = await run<TableRef & { readonly oid: number }>(
    db,
    sql`select c.oid, ch.chunk_schema as schema, ch.chunk_name as name
        from timescaledb_information.chunks ch
        join pg_namespace n on n.nspname = ch.chunk_schema
        join pg_class c on c.relnamespace = n.oid and c.relname = ch.chunk_name
        where ch.is_compressed
          and ch.hypertable_schema = ${table.ref.schema} and ch.hypertable_name = ${table.ref.name}
        order by c.oid`,
  );
  const droppable = new Set(table.parts.map((part) => part.oid));
  const others = compressed.filter((chunk) => !droppable.has(chunk.oid));
  const [first] = others;
  if (first === undefined) return [];
  const example = { schema: first.schema, name: first.name };
  return [{ kind: 'compressed_chunks', count: others.length, example }];
}

async function aggregates(db: Queryable, table: TableDescription): Promise<readonly TableHazard[]> {
  const found = await run<
    TableRef & { readonly materialization: number; readonly is_readable: boolean }
  >(
    db,
    sql`select a.view_schema as schema, a.view_name as name, h.id as materialization,
               has_table_privilege(m.oid, 'select') as is_readable
        from timescaledb_information.continuous_aggregates a
        join _timescaledb_catalog.hypertable h
          on h.schema_name = a.materialization_hypertable_schema
         and h.table_name = a.materialization_hypertable_name
        join pg_namespace n on n.nspname = h.schema_name
        join pg_class m on m.relnamespace = n.oid and m.relname = h.table_name
        where a.hypertable_schema = ${table.ref.schema} and a.hypertable_name = ${table.ref.name}
        order by 1, 2`,
  );
  if (found.length === 0) return [];
  // What leaves is read on by whatever refreshes them.
  if (await refreshesInPlace(db, table.ref)) return [];
  const watermark = await watermarkFunction(db);
  const hazards: TableHazard[] = [];
  for (const { schema, name, materialization, is_readable: isReadable } of found) {
    const view = { schema, name };
    // cagg_watermark() would be an error, and end the plan.
    if (!isReadable) {
      hazards.push({ kind: 'hidden_aggregate', view });
      continue;
    }
    hazards.push({
      kind: 'continuous_aggregate',
      view,
      materializedUpTo:
        watermark === null ? null : await readWatermark(db, table, watermark, materialization),
      neverMaterializedBefore: await readNeverBefore(db, table, materialization),
    });
    hazards.push(...(await refreshPolicies(db, table, view, materialization)));
  }
  return hazards;
}

/** It moved from one internal schema to another in TimescaleDB 2.12. */
export async function watermarkFunction(db: Queryable): Promise<Sql | null> {
  const found = await run<{ readonly schema: string }>(
    db,
    sql`select n.nspname as schema from pg_proc f join pg_namespace n on n.oid = f.pronamespace
        where f.proname = 'cagg_watermark' and f.pronargs = 1
          and n.nspname in ('_timescaledb_functions', '_timescaledb_internal')
        order by 1`,
  );
  switch (found[0]?.schema) {
    case '_timescaledb_functions':
      return raw('_timescaledb_functions.cagg_watermark');
    case '_timescaledb_internal':
      return raw('_timescaledb_internal.cagg_watermark');
    default:
      return null;
  }
}

/** Microseconds since 1970 for anything but integer time, which is in its own unit. */
async function readWatermark(
  db: Queryable,
  table: TableDescription,
  watermark: Sql,
  materialization: number,
): Promise<EpochMs | null> {
  const { value } = await runOne<{ readonly value: string | null }>(
    db,
    sql`select ${watermark}(${materialization}::int)::text as value`,
  );
  return value === null ? null : toMs(table, BigInt(value));
}

/** An aggregate begins with an entry for all of time, of which each refresh cuts off what it did. */
async function readNeverBefore(
  db: Queryable,
  table: TableDescription,
  materialization: number,
): Promise<EpochMs | null> {
  const { value } = await runOne<{ readonly value: string | null }>(
    db,
    sql`select max(greatest_modified_value)::text as value
        from _timescaledb_catalog.continuous_aggs_materialization_invalidation_log
        where materialization_id = ${materialization}::int
          and lowest_modified_value = -9223372036854775808`,
  );
  if (value === null) return null;
  const before = toMs(table, BigInt(value) + 1n);
  return before <= SLICEABLE.fromInclusive ? null : before;
}

/** Nothing at all is the least value of the type, and the end of time the greatest: no Date holds them. */
function toMs({ timeColumn: time }: TableDescription, value: bigint): EpochMs {
  const ms = integerToMsFloor(value, time.kind === 'integer' ? unitOf(time) : 'us');
  return Math.min(Math.max(ms, SLICEABLE.fromInclusive), SLICEABLE.toExclusive);
}

async function refreshPolicies(
  db: Queryable,
  table: TableDescription,
  view: TableRef,
  materialization: number,
): Promise<readonly TableHazard[]> {
  const counted = table.timeColumn.kind === 'integer' ? await readIntegerNow(db, table) : null;
  const found = await run<RefreshJob>(
    db,
    // By the server's clock, which is the one that the policy goes by where time is no integer.
    sql`select job_id as job, config ->> 'start_offset' as offset,
               jsonb_typeof(config -> 'start_offset') = 'number' as counted,
               case when jsonb_typeof(config -> 'start_offset') = 'string'
                    then floor(extract(epoch from now() - (config ->> 'start_offset')::interval) * 1000)::text
               end as start
        from timescaledb_information.jobs
        where proc_name = 'policy_refresh_continuous_aggregate' and scheduled
          and (config ->> 'mat_hypertable_id')::int = ${materialization}::int
        order by 1`,
  );
  return found.map((job) => ({
    kind: 'refresh_policy',
    view,
    job: job.job,
    startOffset: job.offset,
    from: startOf(table, job, counted),
  }));
}

interface RefreshJob {
  readonly job: number;
  readonly offset: string | null;
  /** Of an integer time column: in its unit. */
  readonly counted: boolean | null;
  readonly start: string | null;
}

function startOf(
  { timeColumn: time }: TableDescription,
  job: RefreshJob,
  now: bigint | null,
): EpochMs | null {
  if (job.start !== null) return Number(job.start);
  if (job.offset === null || job.counted !== true || now === null) return null;
  return integerToMsFloor(now - BigInt(job.offset), unitOf(time));
}

/**
 * What the hypertable's own function says that time is, in the column's unit: a policy goes by it.
 * Null where there is none or this role may not call it.
 */
async function readIntegerNow(db: Queryable, table: TableDescription): Promise<bigint | null> {
  const [found] = await run<TableRef>(
    db,
    sql`select n.nspname as schema, f.proname as name
        from _timescaledb_catalog.dimension d
        join _timescaledb_catalog.hypertable h on h.id = d.hypertable_id
        join pg_namespace n on n.nspname = d.integer_now_func_schema
        join pg_proc f on f.pronamespace = n.oid and f.proname = d.integer_now_func and f.pronargs = 0
        where h.schema_name = ${table.ref.schema} and h.table_name = ${table.ref.name}
          and d.column_name = ${table.timeColumn.name}
          and has_schema_privilege(n.oid, 'usage') and has_function_privilege(f.oid, 'execute')`,
  );
  if (found === undefined) return null;
  const { now } = await runOne<{ readonly now: string | null }>(
    db,
    sql`select ${tableName(found)}()::text as now`,
  );
  return now === null ? null : BigInt(now);
}

async function retentionPolicies(
  db: Queryable,
  table: TableDescription,
): Promise<readonly TableHazard[]> {
  const found = await run<{ readonly job: number; readonly drop_after: string | null }>(
    db,
    sql`select job_id as job, config ->> 'drop_after' as drop_after
        from timescaledb_information.jobs
        where proc_name = 'policy_retention' and scheduled
          and hypertable_schema = ${table.ref.schema} and hypertable_name = ${table.ref.name}
        order by 1`,
  );
  return found.map((policy) => ({
    kind: 'retention_policy',
    job: policy.job,
    dropAfter: policy.drop_after ?? 'a time of its own',
  }));
}
