/** How many rows of a file have which value of a column: for a column of few values. */
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import { TierdError } from '../domain/errors.ts';
import { source } from './cold-matches.ts';
import { interrupted, reading } from './lake-failure.ts';
import { type DuckEngine, quoteSqlName } from './segment/duckdb.ts';
import { readTexts } from './segment/small-results.ts';
import { isOwnFailure, verifyImpossible } from './segment/unverifiable.ts';

export interface ValueCount {
  /** As PostgreSQL's `::text` has it; null is null. */
  readonly value: string | null;
  readonly rows: number;
}

/** More are not what a person names one by one. */
const MAX_VALUES = 1_000;
const DOING = 'count rows of the lake by their interval';

/** Throws SEGMENT_UNREADABLE, VERIFY_IMPOSSIBLE, INTERRUPTED; USAGE where the column has too many values. */
export async function countValues(
  { engine, signal }: { readonly engine: DuckEngine; readonly signal: AbortSignal },
  column: ColumnPlan,
  path: string,
): Promise<readonly ValueCount[]> {
  const connection = await engine.connect();
  const onAbort = (): void => connection.interrupt();
  signal.addEventListener('abort', onAbort, { once: true });
  const values = `select ${textOf(column)} as value, count(*) as n from ${source([path])} group by all limit ${String(MAX_VALUES + 1)}`;
  // Hexadecimal, so that no value can hold what parts them.
  const sql = `select count(*)::varchar, coalesce(string_agg(coalesce(hex(value), '-') || ' ' || n::varchar, ','), '') from (${values})`;
  try {
    const [groups, list] = await reading(DOING, async () => {
      try {
        return await readTexts(connection, sql);
      } catch (error) {
        throw isOwnFailure(error) ? verifyImpossible(path, error) : error;
      }
    });
    if (Number(groups) > MAX_VALUES) throw tooManyValues(column);
    return (list ?? '').split(',').filter(Boolean).map(readCount);
  } catch (error) {
    throw signal.aborted ? interrupted(DOING, signal.reason) : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    connection.close();
  }
}

/** The value of a column as PostgreSQL's `::text` has it. */
export function textOf({ name, postgresType }: ColumnPlan): string {
  const text = `${quoteSqlName(name)}::varchar`;
  return /^character(\(|$)/u.test(postgresType) ? `rtrim(${text}, ' ')` : text;
}

function readCount(counted: string): ValueCount {
  const [value = '-', rows] = counted.split(' ');
  return {
    value: value === '-' ? null : Buffer.from(value, 'hex').toString(),
    rows: Number(rows),
  };
}

function tooManyValues({ name }: ColumnPlan): TierdError {
  return new TierdError({
    code: 'USAGE',
    message: `${name} has more than ${String(MAX_VALUES)} values in one segment, so it says no interval. Nothing was changed.`,
    hint: 'Correct interval_column of the dataset, or take cold_days_by_interval out.',
  });
}
