/** Partitions of a table that is cut by ranges of its time column alone, and its default one. */
import { type Refusal, unforceable } from '../../domain/plan/refusal.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { type Queryable, run, sql } from '../sql.ts';
import { findTimescale, isHypertable } from '../table/chunks.ts';
import type { TableShape } from '../table/introspect.ts';
import { boundToMs, parseRangeBound } from '../table/partition-bound.ts';

export interface RangePartition {
  readonly oid: number;
  readonly ref: TableRef;
  readonly range: TimeRange;
}

export interface DefaultPartition {
  readonly oid: number;
  readonly ref: TableRef;
}

export interface RangePartitions {
  /** Oldest first. */
  readonly partitions: readonly RangePartition[];
  readonly fallback: DefaultPartition | null;
}

/** By what they are found. */
type CutTable = Pick<TableShape, 'ref' | 'oid' | 'timeColumn' | 'isPartitioned'>;

interface Row extends TableRef {
  readonly oid: number;
  readonly kind: string;
  readonly bound: string | null;
}

/** Call it inside `inTransaction`: the text of bounds depends on the session. Takes no lock on partitions. */
export async function findRangePartitions(
  db: Queryable,
  table: CutTable,
): Promise<RangePartitions | Refusal> {
  const refusal = await refuseKind(db, table);
  if (refusal !== null) return refusal;
  const rows = await run<Row>(
    db,
    sql`select c.oid, n.nspname as schema, c.relname as name, c.relkind as kind,
               pg_get_expr(c.relpartbound, 0) as bound
        from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
        where i.inhparent = ${table.oid}::oid`,
  );
  const partitions: RangePartition[] = [];
  let fallback: DefaultPartition | null = null;
  for (const { oid, schema, name, kind, bound } of rows) {
    const ref = { schema, name };
    // Of what DETACH … CONCURRENTLY has half detached PostgreSQL still keeps the bounds taken.
    if (kind !== 'r') return isCutFurther(ref, kind);
    if (bound === 'DEFAULT') {
      fallback = { oid, ref };
      continue;
    }
    const range = rangeOf(table, bound ?? '');
    if (range === null) return unreadable(ref, bound ?? '');
    partitions.push({ oid, ref, range });
  }
  partitions.sort((a, b) => a.range.fromInclusive - b.range.fromInclusive);
  return { partitions, fallback };
}

async function refuseKind(
  db: Queryable,
  { ref, oid, timeColumn, isPartitioned }: CutTable,
): Promise<Refusal | null> {
  const told = formatTable(ref);
  if (!isPartitioned) {
    const isHyper = (await findTimescale(db)) !== null && (await isHypertable(db, ref));
    return isHyper
      ? unforceable(
          'hypertable',
          `${told} is a hypertable, whose chunks TimescaleDB makes by itself`,
          'leave out `partitions` of this dataset',
        )
      : unforceable(
          'not_partitioned',
          `${told} is no partitioned table`,
          'leave out `partitions` of this dataset, or make the table anew with PARTITION BY RANGE',
        );
  }
  const [key] = await run<{ readonly definition: string; readonly by_time_alone: boolean }>(
    db,
    sql`select pg_get_partkeydef(p.partrelid) as definition,
               p.partstrat = 'r' and p.partnatts = 1 and coalesce(a.attname = ${timeColumn.name}, false) as by_time_alone
        from pg_partitioned_table p left join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
        where p.partrelid = ${oid}::oid`,
  );
  if (key?.by_time_alone === true) return null;
  return unforceable(
    'partition_key',
    `${told} is partitioned by ${key?.definition ?? 'something else'}, and partitions are made ahead only of RANGE (${timeColumn.name})`,
    'leave out `partitions` of this dataset, and make its partitions by what makes them now',
  );
}

function isCutFurther(ref: TableRef, kind: string): Refusal {
  return kind === 'p'
    ? unforceable(
        'partitioned_partition',
        `${formatTable(ref)} is a partition that is partitioned itself: how one that is made ahead is to be cut can't be told from it`,
        'leave out `partitions` of this dataset, and make its partitions by what makes them now',
      )
    : unforceable(
        'foreign_partition',
        `${formatTable(ref)} is a partition on another server`,
        'leave out `partitions` of this dataset, and make its partitions by what makes them now',
      );
}

function unreadable(ref: TableRef, bound: string): Refusal {
  return unforceable(
    'partition_bounds',
    `the bounds of ${formatTable(ref)} (${bound}) are not whole milliseconds of the years 1 to 9999, so that none can be made to follow them`,
    'detach that partition, or leave out `partitions` of this dataset',
  );
}

function rangeOf({ timeColumn }: CutTable, text: string): TimeRange | null {
  const bound = parseRangeBound(text);
  if (bound === null) return null;
  const [from, to] = [bound.from[0], bound.to[0]].map((literal, at) => {
    if (literal === undefined) return null;
    // A time that is finite is beyond both.
    if (literal === null || literal === (at === 0 ? '-infinity' : 'infinity'))
      return at === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return boundToMs(timeColumn, literal);
  });
  if (from === undefined || to === undefined || from === null || to === null) return null;
  return { fromInclusive: from, toExclusive: to };
}
