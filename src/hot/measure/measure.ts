/** What the planner wants to know about a table's rows. */
import type { SliceFacts } from '../../domain/plan/plan.ts';
import type { TableDescription, TimeColumn } from '../../domain/table.ts';
import {
  DAY_MS,
  type EpochMs,
  floorToUnit,
  HOUR_MS,
  nextUnit,
  type SliceUnit,
  type TimeRange,
} from '../../domain/time/time-range.ts';
import { type Queryable, raw, run, runOne, type Sql, sql, tableName } from '../sql.ts';
import { batchesOf } from '../timescale/compressed-chunks.ts';
import { type RowFilter, rowsWhere } from './row-filter.ts';
import {
  atOrAfter,
  integerToMsFloor,
  SLICEABLE,
  timeBounds,
  timeExpression,
  unitOf,
  unitsIn,
  unsliceable,
} from './time-bounds.ts';

/**
 * The slices of `range` that have rows passing `filter`, oldest first, each clipped to `range`.
 * One scan restricted by time; the cost is that of counting the rows.
 */
export async function measureSlices(
  db: Queryable,
  table: TableDescription,
  range: TimeRange,
  unit: SliceUnit,
  filter: RowFilter | null,
): Promise<readonly SliceFacts[]> {
  // Months are added up from days: no arithmetic on integers finds the first of a month.
  const stepMs = unit === 'hour' ? HOUR_MS : DAY_MS;
  const where = rowsWhere(table.timeColumn, range, filter);
  const slices = new Map<EpochMs, number>();
  for (const step of await countSteps(db, table, where, stepMs)) {
    const start = floorToUnit(step.start, unit);
    slices.set(start, (slices.get(start) ?? 0) + step.rows);
  }
  return [...slices]
    .sort(([a], [b]) => a - b)
    .map(([start, rows]) => ({
      range: {
        fromInclusive: Math.max(start, range.fromInclusive),
        toExclusive: Math.min(nextUnit(start, unit), range.toExclusive),
      },
      rows,
    }));
}

export interface StepCount {
  /** A multiple of the step's length. */
  readonly start: EpochMs;
  readonly rows: number;
}

/**
 * Counts rows by steps of `stepMs` since 1970, oldest first, steps without rows left out.
 * Whole days only for a date column, whole units for an integer one.
 */
export async function countSteps(
  db: Queryable,
  table: TableDescription,
  where: Sql,
  stepMs: number,
): Promise<readonly StepCount[]> {
  const time = table.timeColumn;
  const counts = await run<{ readonly step: string; readonly rows: string }>(
    db,
    sql`select ${time.kind === 'integer' ? raw('step::text') : raw('(extract(epoch from step) * 1000)::bigint::text')} as step,
               counted.rows::text as rows
        from (select ${stepOf(time, stepMs)} as step, count(*) as rows
              from ${tableName(table.ref)} where ${where} group by 1) as counted
        order by counted.step`,
  );
  return counts.map((count) => ({
    start: Number(count.step) * (time.kind === 'integer' ? stepMs : 1),
    rows: Number(count.rows),
  }));
}

/** The step of a row: its first instant, or for an integer its number. */
function stepOf(time: TimeColumn, stepMs: number): Sql {
  const column = timeExpression(time);
  const stride = sql`(${stepMs}::float8 * interval '1 millisecond')`;
  switch (time.kind) {
    case 'timestamptz':
      return sql`date_bin(${stride}, ${column}, timestamptz '1970-01-01 00:00:00+00')`;
    case 'timestamp':
      return sql`date_bin(${stride}, ${column}, timestamp '1970-01-01 00:00:00')`;
    case 'date':
      return sql`date_bin(${stride}, ${column}::timestamp, timestamp '1970-01-01 00:00:00')`;
    case 'integer': {
      const units = raw(`${unitsIn(stepMs, unitOf(time)).toString()}::bigint`);
      // Integer division rounds towards zero, and time does not.
      return sql`${column} / ${units} - case when ${column} % ${units} < 0 then 1 else 0 end`;
    }
  }
}

export interface TableFacts {
  /** Counted when the table is small, else the planner's estimate. */
  readonly rows: number;
  readonly bytes: number;
  /** The oldest and newest row of the years 1 to 9999, to the millisecond; null when there is none. */
  readonly oldest: EpochMs | null;
  readonly newest: EpochMs | null;
  /** Rows at or after `futureFrom`, and the furthest of them as PostgreSQL prints it. */
  readonly futureRows: number;
  readonly furthestFuture: string | null;
  /** Rows whose time is null, infinite, or outside the years 1 to 9999. */
  readonly unsliceableRows: number;
}

/** Below this many rows counting takes about as long as asking. */
const COUNT_EXACTLY_BELOW = 500_000;

/** Figures of the whole table. Rows dated from `futureFrom` on are counted as future ones. */
export async function measureTable(
  db: Queryable,
  table: TableDescription,
  futureFrom: EpochMs,
): Promise<TableFacts> {
  const estimate = await estimateRows(db, table);
  const counts = estimate === null || estimate < COUNT_EXACTLY_BELOW;
  return {
    rows: counts ? await countRows(db, table, raw('true')) : estimate,
    bytes: await totalBytes(db, table),
    ...(await edges(db, table)),
    ...(await future(db, table, futureFrom)),
    unsliceableRows: await countRows(db, table, unsliceable(table.timeColumn)),
  };
}

/**
 * What the planner expects of a whole scan: the statistics scaled to the table's present size. Null
 * where chunks are compressed: it takes each of their batches for full, and small ones are not. They
 * are counted without being unpacked.
 */
export async function estimateRows(db: Queryable, table: TableDescription): Promise<number | null> {
  if (table.parts.some((part) => part.compressed)) return null;
  const [row] = await run<{ readonly 'QUERY PLAN': readonly ExplainedPlan[] }>(
    db,
    sql`explain (format json) select from ${tableName(table.ref)}`,
  );
  return row?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
}

interface ExplainedPlan {
  readonly Plan: { readonly 'Plan Rows': number };
}

export async function countRows(
  db: Queryable,
  table: TableDescription,
  where: Sql,
): Promise<number> {
  const { rows } = await runOne<{ readonly rows: string }>(
    db,
    sql`select count(*)::text as rows from ${tableName(table.ref)} where ${where}`,
  );
  return Number(rows);
}

/** Heap, indexes and TOAST of the table and all that it is made of, in bytes. */
export async function totalBytes(db: Queryable, table: TableDescription): Promise<number> {
  const { bytes } = await runOne<{ readonly bytes: string | null }>(
    db,
    sql`select (${await sizeOf(db, table)})::text as bytes`,
  );
  return Number(bytes ?? 0);
}

async function sizeOf(db: Queryable, table: TableDescription): Promise<Sql> {
  switch (table.kind) {
    case 'plain':
      return sql`pg_total_relation_size(${table.oid}::oid)`;
    case 'partitioned':
      return sql`select sum(pg_total_relation_size(relid)) from pg_partition_tree(${table.oid}::oid::regclass)`;
    case 'hypertable': {
      // By oid: TimescaleDB's own hypertable_size goes by name, and fails when a policy has compressed
      // or decompressed a chunk since this snapshot was taken.
      const chunks = sql`select inhrelid from pg_inherits where inhparent = ${table.oid}::oid`;
      return sql`select sum(pg_total_relation_size(part)) from (
                   select ${table.oid}::oid union all ${chunks} union all ${await batchesOf(db, chunks)}
                 ) as parts (part)`;
    }
  }
}

export async function edges(
  db: Queryable,
  table: TableDescription,
): Promise<Pick<TableFacts, 'oldest' | 'newest'>> {
  const column = timeExpression(table.timeColumn);
  const found = await runOne<{ readonly oldest: string | null; readonly newest: string | null }>(
    db,
    sql`select ${exactTime(table.timeColumn, sql`min(${column})`)} as oldest,
               ${exactTime(table.timeColumn, sql`max(${column})`)} as newest
        from ${tableName(table.ref)} where ${timeBounds(table.timeColumn, SLICEABLE)}`,
  );
  return {
    oldest: found.oldest === null ? null : toMsFloor(table.timeColumn, found.oldest),
    newest: found.newest === null ? null : toMsFloor(table.timeColumn, found.newest),
  };
}

async function future(
  db: Queryable,
  table: TableDescription,
  futureFrom: EpochMs,
): Promise<Pick<TableFacts, 'futureRows' | 'furthestFuture'>> {
  const found = await runOne<{ readonly rows: string; readonly furthest: string | null }>(
    db,
    sql`select count(*)::text as rows, max(${timeExpression(table.timeColumn)})::text as furthest
        from ${tableName(table.ref)} where ${atOrAfter(table.timeColumn, futureFrom)}`,
  );
  return { futureRows: Number(found.rows), furthestFuture: found.furthest };
}

/** A time as exact text: microseconds since 1970, or the integer itself. */
export function exactTime(time: TimeColumn, expression: Sql): Sql {
  if (time.kind === 'integer') return sql`(${expression})::text`;
  return sql`trim_scale(extract(epoch from ${expression}) * 1000000)::text`;
}

export function toMsFloor(time: TimeColumn, exact: string): EpochMs {
  return integerToMsFloor(BigInt(exact), time.kind === 'integer' ? unitOf(time) : 'us');
}
