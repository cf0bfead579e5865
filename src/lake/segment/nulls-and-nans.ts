/** How many nulls and NaNs the columns of a file have. Its footer tells, but of floats where one is NaN. */
import { type ColumnPlan, isFloat } from '../../domain/columns/column-plan.ts';
import type { ValueCounts } from '../../domain/lake/value-counts.ts';
import { type DuckConnection, quoteSqlName, quoteSqlText } from './duckdb.ts';
import { readCounts, readTexts } from './small-results.ts';

/** @param columns of the file, in its order */
export async function countNullsAndNans(
  connection: DuckConnection,
  path: string,
  columns: readonly ColumnPlan[],
): Promise<ValueCounts> {
  const told = await readFooter(connection, path);
  const counted = await countRows(connection, path, [
    ...columns
      .filter((_, index) => told[index]?.nulls === undefined)
      .map(({ name }) => ({ name, of: 'nulls' as const, where: `${quoteSqlName(name)} is null` })),
    // A NaN stands in no order, and the proof of a file fails where one lies in a row group that has bounds.
    ...columns
      .filter((plan, index) => isFloat(plan) && told[index]?.isBounded !== true)
      .map(({ name }) => ({ name, of: 'nans' as const, where: `isnan(${quoteSqlName(name)})` })),
  ]);
  const ofFooter = columns.map(({ name }, index) => ({
    name,
    of: 'nulls' as const,
    rows: told[index]?.nulls ?? 0,
  }));
  const some = [...ofFooter, ...counted].filter(({ rows }) => rows > 0);
  const byName = (kind: 'nulls' | 'nans'): Record<string, number> =>
    Object.fromEntries(some.flatMap(({ name, of, rows }) => (of === kind ? [[name, rows]] : [])));
  return { nulls: byName('nulls'), nans: byName('nans') };
}

interface ToldColumn {
  /** Undefined where a row group does not count them. */
  readonly nulls: number | undefined;
  /** Whether each row group has a smallest and a largest value. */
  readonly isBounded: boolean;
}

/** By the columns' places in the file. */
async function readFooter(
  connection: DuckConnection,
  path: string,
): Promise<readonly ToldColumn[]> {
  const [list] = await readTexts(
    connection,
    `select string_agg(nulls || ' ' || bounded, ',' order by column_id)
     from (
       select column_id, case when count(stats_null_count) = count(*) then sum(stats_null_count)::varchar else '' end as nulls,
              (count(stats_min_value) = count(*) and count(stats_max_value) = count(*))::varchar as bounded
       from parquet_metadata(${quoteSqlText(path)}) group by column_id
     )`,
  );
  return (list ?? '').split(',').map((pair) => {
    const [nulls = '', bounded] = pair.split(' ');
    return { nulls: nulls === '' ? undefined : Number(nulls), isBounded: bounded === 'true' };
  });
}

interface Question {
  readonly name: string;
  readonly of: 'nulls' | 'nans';
  readonly where: string;
}

async function countRows(
  connection: DuckConnection,
  path: string,
  questions: readonly Question[],
): Promise<
  readonly { readonly name: string; readonly of: Question['of']; readonly rows: number }[]
> {
  if (questions.length === 0) return [];
  const counts = questions.map(({ where }) => `(count(*) filter (where ${where}))::double`);
  const rows = await readCounts(
    connection,
    `select ${counts.join(', ')} from read_parquet(${quoteSqlText(path)}, hive_partitioning = false)`,
  );
  return questions.map(({ name, of }, index) => ({ name, of, rows: rows[index] ?? 0 }));
}
