/** What the ledger keeps of a file, read from the file itself. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { ValueCounts } from '../../domain/lake/value-counts.ts';
import type { IntegerTimeUnit, TimeColumn } from '../../domain/table.ts';
import { type DuckConnection, quoteSqlName, quoteSqlText } from './duckdb.ts';
import { countNullsAndNans } from './nulls-and-nans.ts';
import { readTexts } from './small-results.ts';

/** Smallest and largest value as text; null where the column is all null or a bound is too long. */
export interface ColumnBounds {
  readonly min: string | null;
  readonly max: string | null;
}

export interface FileStatistics {
  readonly rows: number;
  /** Microseconds since 1970, rounded down. */
  readonly minTimeUs: bigint;
  readonly maxTimeUs: bigint;
  readonly bounds: Readonly<Record<string, ColumnBounds>>;
  readonly counts: ValueCounts;
}

/** Longer bounds would only bloat the ledger; no bound prunes nothing, which is never wrong. */
const MAX_BOUND_CHARS = 256;

export async function readFileStatistics(
  connection: DuckConnection,
  path: string,
  columns: readonly ColumnPlan[],
  timeColumn: TimeColumn,
  sortBy: readonly string[],
): Promise<FileStatistics> {
  const time = quoteSqlName(timeColumn.name);
  const bounded = columns.filter(({ name }) => sortBy.includes(name) || name === timeColumn.name);
  const expressions = [
    'count(*)::varchar',
    // Of the smallest time, not the smallest of all: what is asked for twice is computed once.
    `${microsOf(timeColumn, `min(${time})`)}::varchar`,
    `${microsOf(timeColumn, `max(${time})`)}::varchar`,
    ...bounded.flatMap((plan) => {
      const quoted = quoteSqlName(plan.name);
      return [`min(${quoted})::varchar`, `max(${quoted})::varchar`];
    }),
  ];
  const texts = await readTexts(
    connection,
    `select ${expressions.join(', ')} from read_parquet(${quoteSqlText(path)}, hive_partitioning = false)`,
  );
  const [rows, minTime, maxTime, ...bounds] = texts;
  return {
    rows: Number(rows),
    minTimeUs: BigInt(minTime ?? 0),
    maxTimeUs: BigInt(maxTime ?? 0),
    bounds: Object.fromEntries(
      bounded.map(({ name }, index) => [
        name,
        { min: shortEnough(bounds[index * 2]), max: shortEnough(bounds[index * 2 + 1]) },
      ]),
    ),
    counts: await countNullsAndNans(connection, path, columns),
  };
}

function shortEnough(bound: string | null | undefined): string | null {
  return typeof bound === 'string' && bound.length <= MAX_BOUND_CHARS ? bound : null;
}

/** SQL for a time of the column's kind as whole microseconds since 1970, rounded down. */
export function microsOf({ kind, unit }: TimeColumn, time: string): string {
  switch (kind) {
    case 'timestamptz':
    case 'timestamp':
      return `epoch_us(${time})`;
    case 'date':
      return `epoch_us(${time}::timestamp)`;
    case 'integer':
      return `(${integerMicros(time, unit ?? 's')})`;
  }
}

function integerMicros(time: string, unit: IntegerTimeUnit): string {
  switch (unit) {
    case 's':
      return `${time}::hugeint * 1000000`;
    case 'ms':
      return `${time}::hugeint * 1000`;
    case 'us':
      return `${time}::hugeint`;
    case 'ns':
      // Integer division rounds towards zero; this rounds down before 1970 as well.
      return `(${time}::hugeint - (((${time}::hugeint % 1000) + 1000) % 1000)) // 1000`;
  }
}
