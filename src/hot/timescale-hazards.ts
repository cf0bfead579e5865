/** What the Community edition of TimescaleDB may have put on a hypertable. */
import type { TableHazard } from '../domain/hazards.ts';
import type { TableDescription, TableRef } from '../domain/table.ts';
import type { EpochMs } from '../domain/time-range.ts';
import { type Queryable, raw, run, runOne, type Sql, sql } from './sql.ts';
import { integerToMsFloor, unitOf } from './time-bounds.ts';

/**
 * Continuous aggregates with how far each has been materialised, and retention policies. The
 * Apache edition has the views that list them, and they are empty there.
 */
export async function findTimescaleHazards(
  db: Queryable,
  table: TableDescription,
): Promise<readonly TableHazard[]> {
  return [...(await aggregates(db, table)), ...(await retentionPolicies(db, table))];
}

async function aggregates(db: Queryable, table: TableDescription): Promise<readonly TableHazard[]> {
  const found = await run<TableRef & { readonly materialization: number }>(
    db,
    sql`select a.view_schema as schema, a.view_name as name, h.id as materialization
        from timescaledb_information.continuous_aggregates a
        join _timescaledb_catalog.hypertable h
          on h.schema_name = a.materialization_hypertable_schema
         and h.table_name = a.materialization_hypertable_name
        where a.hypertable_schema = ${table.ref.schema} and a.hypertable_name = ${table.ref.name}
        order by 1, 2`,
  );
  if (found.length === 0) return [];
  const watermark = await watermarkFunction(db);
  const hazards: TableHazard[] = [];
  for (const { schema, name, materialization } of found) {
    hazards.push({
      kind: 'continuous_aggregate',
      view: { schema, name },
      materializedUpTo:
        watermark === null ? null : await readWatermark(db, table, watermark, materialization),
    });
  }
  return hazards;
}

/** It moved from one internal schema to another in TimescaleDB 2.12. */
async function watermarkFunction(db: Queryable): Promise<Sql | null> {
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
  if (value === null) return null;
  const time = table.timeColumn;
  return integerToMsFloor(BigInt(value), time.kind === 'integer' ? unitOf(time) : 'us');
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
