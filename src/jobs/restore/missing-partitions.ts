/** Time for which a partitioned table has no partition, and the statement that makes one. */
import type pg from 'pg';
import type { Refusal } from '../../domain/plan/refusal.ts';
import { uncovered } from '../../domain/plan/restore-plan.ts';
import { sqlTable } from '../../domain/sql-name.ts';
import { formatTable, type TableDescription } from '../../domain/table.ts';
import { formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import { timeLiteral } from '../../hot/measure/time-bounds.ts';
import { inlined } from '../../hot/sql.ts';
import { describeTree } from '../../hot/table/partitions.ts';

/** Returns what refuses each range; a table that is not partitioned takes everything. */
export async function findMissingPartitions(
  db: pg.Client,
  table: TableDescription,
): Promise<(range: TimeRange) => readonly Refusal[]> {
  if (table.kind !== 'partitioned') return () => [];
  const tree = await describeTree(db, table.oid, table.timeColumn);
  const leaves = [...tree].filter(([oid, part]) => part.leaves.includes(oid));
  // What can't be reckoned with may hold anything; PostgreSQL says so itself where it does not.
  if (leaves.some(([, { range }]) => range === null)) return () => [];
  const covers = leaves.flatMap(([, { range }]) => (range === null ? [] : [range]));
  return (range) => uncovered(range, covers).map((gap) => refusalOf(table, gap));
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
