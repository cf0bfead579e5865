/** On which UTC days a table has rows, without reading them where an index can tell. */
import type { TableDescription } from '../../domain/table.ts';
import { DAY_MS, type EpochMs, floorToUnit, type TimeRange } from '../../domain/time/time-range.ts';
import { type Queryable, run, sql, tableName } from '../sql.ts';
import { hasTimeIndex } from '../table/time-index.ts';
import { countSteps, estimateRows, exactTime, toMsFloor } from './measure.ts';
import { timeBounds, timeExpression } from './time-bounds.ts';

export interface DaysWithRows {
  /** First instant of the day → its rows. */
  readonly days: ReadonlyMap<EpochMs, number>;
  readonly areEstimated: boolean;
}

/** A table with fewer rows than this is counted in one scan. */
const COUNT_EXACTLY_BELOW = 200_000;

/**
 * Counts a small table, and one without an index on time. Otherwise jumps along the index from each
 * day to the next that has a row, and asks the planner how many each has.
 *
 * @param range whole UTC days
 * @param signal aborts between two statements
 */
export async function daysWithRows(
  db: Queryable,
  table: TableDescription,
  range: TimeRange,
  signal: AbortSignal,
): Promise<DaysWithRows> {
  const estimate = await estimateRows(db, table);
  const isSmall = estimate !== null && estimate < COUNT_EXACTLY_BELOW;
  if (isSmall || !(await hasTimeIndex(db, table))) {
    const steps = await countSteps(db, table, timeBounds(table.timeColumn, range), DAY_MS);
    return { days: new Map(steps.map(({ start, rows }) => [start, rows])), areEstimated: false };
  }
  const starts = await jumpFromDayToDay(db, table, range, signal);
  const rows = await estimateDays(db, table, starts);
  return {
    days: new Map(starts.map((start, at) => [start, rows[at] ?? 1])),
    areEstimated: true,
  };
}

async function jumpFromDayToDay(
  db: Queryable,
  table: TableDescription,
  range: TimeRange,
  signal: AbortSignal,
): Promise<readonly EpochMs[]> {
  const time = table.timeColumn;
  const column = timeExpression(time);
  const starts: EpochMs[] = [];
  let from = range.fromInclusive;
  while (from < range.toExclusive) {
    signal.throwIfAborted();
    const bounds = timeBounds(time, { fromInclusive: from, toExclusive: range.toExclusive });
    const [first] = await run<{ readonly first: string }>(
      db,
      sql`select ${exactTime(time, column)} as first from ${tableName(table.ref)}
          where ${bounds} order by ${column} limit 1`,
    );
    if (first === undefined) break;
    const start = floorToUnit(toMsFloor(time, first.first), 'day');
    starts.push(start);
    from = start + DAY_MS;
  }
  return starts;
}

interface ExplainedPlan {
  readonly 'Plan Rows': number;
}

/** What the planner expects of each day, at least one row. */
async function estimateDays(
  db: Queryable,
  table: TableDescription,
  starts: readonly EpochMs[],
): Promise<readonly number[]> {
  const rows: number[] = [];
  for (const start of starts) {
    const [row] = await run<{ readonly 'QUERY PLAN': readonly { readonly Plan: ExplainedPlan }[] }>(
      db,
      sql`explain (format json) select from ${tableName(table.ref)} where ${timeBounds(
        table.timeColumn,
        { fromInclusive: start, toExclusive: start + DAY_MS },
      )}`,
    );
    rows.push(Math.max(1, row?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 1));
  }
  return rows;
}
