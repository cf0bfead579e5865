/** Whether any row has one of the intervals that are to stay hot. */
import type { Check } from '../../domain/check.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { formatTable, type TableDescription } from '../../domain/table.ts';
import { type Queryable, run, sql } from '../sql.ts';

interface ColumnValues {
  readonly values: readonly string[] | null;
  /** Negative where it is a share of the rows. */
  readonly distinct: number;
}

/** By PostgreSQL's statistics, and only where they have every value: to look would be to read the table. */
export async function checkIntervals(
  db: Queryable,
  { name, slice, intervalColumn, hotIntervals }: Dataset,
  table: TableDescription,
): Promise<readonly Check[]> {
  if (intervalColumn === undefined || hotIntervals === undefined) return [];
  const [known] = await run<ColumnValues>(
    db,
    sql`select most_common_vals::text::text[] as values, n_distinct as distinct
        from pg_stats
        where schemaname = ${table.ref.schema} and tablename = ${table.ref.name} and attname = ${intervalColumn}
        order by inherited desc limit 1`,
  );
  const values = known?.values ?? [];
  if (values.length === 0 || values.length !== known?.distinct) return [];
  if (hotIntervals.some((interval) => values.includes(interval))) return [];
  return [
    {
      name: `dataset:${name}:intervals`,
      status: 'warning',
      found: `no row of ${formatTable(table.ref)} was of ${hotIntervals.join(', ')} (hot_intervals) when it was last analyzed: ${intervalColumn} was ${values.join(', ')}, and rows of all these leave as soon as their ${slice} is closed`,
      advice: `name in hot_intervals, under datasets.${name} or storage.lifecycle, what ${intervalColumn} holds, or correct datasets.${name}.interval_column`,
    },
  ];
}
