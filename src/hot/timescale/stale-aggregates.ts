/**
 * Buckets of continuous aggregates that differ from the rows they were made of: rows came late, were
 * changed or deleted, and no refresh has looked at them since. TimescaleDB notes such changes in two
 * logs, first by hypertable, then, as soon as any part of an aggregate is refreshed, by aggregate.
 * The logs say too much (a drop is noted as a change that reaches into the next chunk's first bucket),
 * so what they name is compared with the rows.
 */

import type { StaleAggregate } from '../../domain/plan/stale-aggregates.ts';
import type { TableDescription } from '../../domain/table.ts';
import { intersectRanges, subtractRanges, uniteRanges } from '../../domain/time/range-sets.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { refreshesInPlace } from '../attach/refreshes-in-place.ts';
import { toMsFloor } from '../measure/measure.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';
import { type BucketRule, readBucketRule, widenToBuckets } from './buckets.ts';
import { type ComparedAggregate, findDifferingBuckets } from './differing-buckets.ts';
import { watermarkFunction } from './timescale-hazards.ts';

export interface LeavingTime {
  readonly leaving: readonly TimeRange[];
  /** The time of which the lake has rows; asked for only where something changed. */
  readonly readCold: () => Promise<readonly TimeRange[]>;
}

/** Aggregates that this role may not read are left out: they are refused as such. */
export async function findStaleAggregates(
  db: Queryable,
  table: TableDescription,
  { leaving, readCold }: LeavingTime,
): Promise<readonly StaleAggregate[]> {
  if (table.kind !== 'hypertable') return [];
  const chunks = uniteRanges(table.parts.map(({ range }) => range));
  const holding = intersectRanges(uniteRanges(leaving), chunks);
  if (holding.length === 0) return [];
  // A refresh takes up later what it has not, from the lake.
  if (await refreshesInPlace(db, table.ref)) return [];
  const found: StaleAggregate[] = [];
  for (const aggregate of await listAggregates(db, table)) {
    const rule = await readBucketRule(db, table.timeColumn, aggregate.materialization);
    const hazard = await lookAt(db, table, aggregate, rule, { leaving: holding, readCold });
    if (hazard.stale.length + hazard.frozen.length > 0) found.push(hazard);
  }
  return found;
}

async function lookAt(
  db: Queryable,
  table: TableDescription,
  aggregate: Aggregate,
  rule: BucketRule | null,
  { leaving, readCold }: LeavingTime,
): Promise<StaleAggregate> {
  const { view } = aggregate;
  const widen = (ranges: readonly TimeRange[]): Promise<readonly TimeRange[]> =>
    rule === null ? Promise.resolve(ranges) : widenToBuckets(db, rule, ranges);
  const logged = intersectRanges(await readLogs(db, table, aggregate), await widen(leaving));
  const changed = await widen(logged);
  if (changed.length === 0) return { kind: 'stale_aggregate', view, stale: [], frozen: [] };
  const cold = uniteRanges(await readCold());
  const frozen = intersectRanges(changed, await widen(intersectRanges(cold, changed)));
  const whole = subtractRanges(changed, frozen);
  // Without the rule nobody knows where a bucket begins: what is logged is taken for true.
  if (rule === null) return { kind: 'stale_aggregate', view, stale: whole, frozen };
  const stale: TimeRange[] = [];
  for (const window of whole) stale.push(...(await findDifferingBuckets(db, aggregate, window)));
  return { kind: 'stale_aggregate', view, stale: await widen(stale), frozen };
}

interface Aggregate extends ComparedAggregate {
  readonly materialization: number;
  readonly hypertable: number;
}

async function listAggregates(
  db: Queryable,
  table: TableDescription,
): Promise<readonly Aggregate[]> {
  const found = await run<{
    readonly schema: string;
    readonly name: string;
    readonly direct_schema: string;
    readonly direct_name: string;
    readonly bucket: string;
    readonly materialization: number;
    readonly hypertable: number;
  }>(
    db,
    sql`select a.user_view_schema as schema, a.user_view_name as name,
               a.direct_view_schema as direct_schema, a.direct_view_name as direct_name,
               d.column_name as bucket, a.mat_hypertable_id as materialization, h.id as hypertable
        from _timescaledb_catalog.continuous_agg a
        join _timescaledb_catalog.hypertable h on h.id = a.raw_hypertable_id
        join _timescaledb_catalog.hypertable m on m.id = a.mat_hypertable_id
        join _timescaledb_catalog.dimension d on d.hypertable_id = m.id
        join pg_namespace n on n.nspname = m.schema_name
        join pg_class c on c.relnamespace = n.oid and c.relname = m.table_name
        where h.schema_name = ${table.ref.schema} and h.table_name = ${table.ref.name}
          and has_table_privilege(c.oid, 'select')
        order by 1, 2`,
  );
  return found.map((row) => ({
    view: { schema: row.schema, name: row.name },
    direct: { schema: row.direct_schema, name: row.direct_name },
    bucket: { ...table.timeColumn, name: row.bucket },
    materialization: row.materialization,
    hypertable: row.hypertable,
  }));
}

/** An entry that begins at the least value is no change: nothing before its end was ever taken up. */
const BEGINNING = (-(2n ** 63n)).toString();

/** The time of logged changes below the watermark: what lies above was never taken up. */
async function readLogs(
  db: Queryable,
  { timeColumn }: TableDescription,
  { materialization, hypertable }: Aggregate,
): Promise<readonly TimeRange[]> {
  const watermark = await watermarkFunction(db);
  if (watermark === null) return [];
  const entry = sql`select lowest_modified_value as first, greatest_modified_value as last`;
  // Since 2.18: what a refresh has taken from the log, and not worked off yet.
  const { pending } = await runOne<{ readonly pending: boolean }>(
    db,
    sql`select to_regclass('_timescaledb_catalog.continuous_aggs_materialization_ranges') is not null as pending`,
  );
  const ranges = sql`union all ${entry} from _timescaledb_catalog.continuous_aggs_materialization_ranges
                     where materialization_id = ${materialization}::int`;
  const found = await run<{ readonly first: string; readonly last: string }>(
    db,
    sql`select first::text, least(last, w.watermark - 1)::text as last
        from (${entry} from _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log
              where hypertable_id = ${hypertable}::int
              union all ${entry} from _timescaledb_catalog.continuous_aggs_materialization_invalidation_log
              where materialization_id = ${materialization}::int
              ${pending ? ranges : sql``}) as log
        cross join (select ${watermark}(${materialization}::int) as watermark) as w
        where first > ${BEGINNING}::bigint and first < w.watermark`,
  );
  return uniteRanges(
    found.map(({ first, last }) => ({
      fromInclusive: toMsFloor(timeColumn, first),
      toExclusive: toMsFloor(timeColumn, last) + 1,
    })),
  );
}
