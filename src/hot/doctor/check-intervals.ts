/** Whether any row has one of the intervals that are to stay hot, and which have none that expires. */
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
  dataset: Dataset,
  table: TableDescription,
): Promise<readonly Check[]> {
  const { intervalColumn, hotIntervals, coldDaysByInterval } = dataset;
  if (intervalColumn === undefined) return [];
  if (hotIntervals === undefined && coldDaysByInterval === undefined) return [];
  const [known] = await run<ColumnValues>(
    db,
    sql`select most_common_vals::text::text[] as values, n_distinct as distinct
        from pg_stats
        where schemaname = ${table.ref.schema} and tablename = ${table.ref.name} and attname = ${intervalColumn}
        order by inherited desc limit 1`,
  );
  const values = known?.values ?? [];
  if (values.length === 0 || values.length !== known?.distinct) return [];
  return [...checkHot(dataset, table, values), ...checkCold(dataset, table, values)];
}

function checkHot(
  { name, slice, intervalColumn = '', hotIntervals }: Dataset,
  table: TableDescription,
  values: readonly string[],
): readonly Check[] {
  if (hotIntervals === undefined) return [];
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

/** What is not named stays for ever, which is safe, and may not be what was meant. */
function checkCold(
  { name, coldDaysByInterval }: Dataset,
  table: TableDescription,
  values: readonly string[],
): readonly Check[] {
  if (coldDaysByInterval === undefined) return [];
  const named = Object.keys(coldDaysByInterval);
  const unnamed = values.filter((value) => !named.includes(value));
  if (unnamed.length === 0) return [];
  return [
    {
      name: `dataset:${name}:cold_days_by_interval`,
      status: 'warning',
      found: `${formatTable(table.ref)} had rows of ${unnamed.join(', ')} when it was last analyzed, which cold_days_by_interval does not name (it names ${named.join(', ')}): these stay in the lake for ever`,
      advice: `name ${unnamed.join(', ')} in cold_days_by_interval, under datasets.${name} or storage.lifecycle, if they are to expire; if for ever is meant, nothing is to be done`,
    },
  ];
}
