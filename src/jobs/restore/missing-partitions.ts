/** Time for which a partitioned table has no partition: what was dropped is made again, or it is said what to make. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import {
  type DroppedPartition,
  partitionsFor,
  uncovered,
} from '../../domain/plan/dropped-partition.ts';
import type { Refusal } from '../../domain/plan/refusal.ts';
import { sqlTable } from '../../domain/sql-name.ts';
import { formatTable, type TableDescription } from '../../domain/table.ts';
import { formatRange, hullOf, type TimeRange } from '../../domain/time/time-range.ts';
import { timeLiteral } from '../../hot/measure/time-bounds.ts';
import { inlined } from '../../hot/sql.ts';
import { describeTree } from '../../hot/table/partitions.ts';
import { findMakeHazards } from '../../hot/write/make-hazards.ts';
import { findNamesTaken, mayMakePartitions } from '../../hot/write/make-partitions.ts';
import { listDropped } from '../../ledger/dropped-partitions.ts';

export interface Missing {
  /** Made again before the rows come, parents first. */
  readonly partitions: readonly DroppedPartition[];
  readonly refusals: readonly Refusal[];
}

const NOTHING: Missing = { partitions: [], refusals: [] };

/**
 * @param ranges that rows come back into
 * @returns what each of them lacks; a table that is not partitioned takes everything
 */
export async function findMissingPartitions(
  db: pg.Client,
  dataset: Dataset,
  table: TableDescription,
  ranges: readonly TimeRange[],
): Promise<(range: TimeRange) => Missing> {
  if (table.kind !== 'partitioned' || ranges.length === 0) return () => NOTHING;
  const tree = await describeTree(db, table.oid, table.timeColumn);
  const leaves = [...tree].filter(([oid, part]) => part.leaves.includes(oid));
  // What can't be reckoned with may hold anything; PostgreSQL says so itself where it does not.
  if (leaves.some(([, { range }]) => range === null)) return () => NOTHING;
  const covers = leaves.flatMap(([, { range }]) => (range === null ? [] : [range]));
  const dropped = await findDropped(db, dataset, table, ranges);
  const hazards = await hazardsOf(db, dropped);
  const taken = await findNamesTaken(
    db,
    dropped.map(({ ref }) => ref),
  );
  const parents = [table.ref, ...[...tree.values()].map(({ ref }) => ref)];
  const names = {
    parents: new Set(parents.map(formatTable)),
    taken: new Set(taken.map(formatTable)),
  };
  return (range) => {
    const missing = uncovered(range, covers).map((gap): Missing => {
      const partitions = partitionsFor(gap, dropped, names, covers);
      if (partitions.length === 0) return { partitions, refusals: [refusalOf(table, gap)] };
      return {
        partitions,
        refusals: partitions.flatMap(({ ref }) => hazards.get(ref.schema) ?? []),
      };
    });
    return {
      partitions: [...new Set(missing.flatMap(({ partitions }) => partitions))],
      refusals: missing.flatMap(({ refusals }) => refusals),
    };
  };
}

/** None where another role has to make them: the statement is told then. */
async function findDropped(
  db: pg.Client,
  { name, table: own }: Dataset,
  table: TableDescription,
  ranges: readonly TimeRange[],
): Promise<readonly DroppedPartition[]> {
  const isOwn = formatTable(own) === formatTable(table.ref);
  return isOwn && (await mayMakePartitions(db, table)) ? listDropped(db, name, hullOf(ranges)) : [];
}

/** By the schemas that they are to be in. */
async function hazardsOf(
  db: pg.Client,
  dropped: readonly DroppedPartition[],
): Promise<ReadonlyMap<string, readonly Refusal[]>> {
  const hazards = new Map<string, readonly Refusal[]>();
  for (const { ref } of dropped) {
    if (!hazards.has(ref.schema)) hazards.set(ref.schema, await findMakeHazards(db, ref));
  }
  return hazards;
}

function refusalOf({ ref, timeColumn }: TableDescription, gap: TimeRange): Refusal {
  const from = new Date(gap.fromInclusive).toISOString();
  const partition = { ...ref, name: `${ref.name}_${from.slice(0, 10).replaceAll('-', '')}` };
  const bounds = [gap.fromInclusive, gap.toExclusive].map((at) =>
    inlined(timeLiteral(timeColumn, at, gap)),
  );
  return {
    guard: 'missing_partition',
    message: `${formatTable(ref)} has no partition for ${formatRange(gap)}`,
    hint: `create table ${sqlTable(partition)} partition of ${sqlTable(ref)} for values from (${String(bounds[0])}) to (${String(bounds[1])});`,
    forceable: false,
  };
}
