/** What a SELECT returns, as a table of DuckDB's from which segments are written. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { DuckConnection } from './duckdb.ts';
import type { StagedRows } from './parquet-files.ts';
import { readCounts } from './small-results.ts';
import { stagedName } from './staging-table.ts';

/**
 * @param name of the table, which whoever calls drops
 * @param select returns these columns in this order
 */
export async function stageSelect(
  connection: DuckConnection,
  name: string,
  columns: readonly ColumnPlan[],
  select: string,
): Promise<StagedRows> {
  const definitions = columns.map((plan, index) => `${stagedName(index)} ${plan.duckdbType}`);
  await connection.run(`create table ${name} (${definitions.join(', ')})`);
  await connection.run(`insert into ${name} ${select}`);
  const sizes = columns.map(({ duckdbType }, index) => sizeOf(duckdbType, stagedName(index)));
  const odd = columns.flatMap(({ held }, index) =>
    held.kind === 'float4' || held.kind === 'float8' ? [oddFloat(stagedName(index))] : [],
  );
  const [rows = 0, bytes = 0, oddFloats = 0] = await readCounts(
    connection,
    `select count(*)::double, (${sizes.join(' + ')})::double,
            count(*) filter (where ${['false', ...odd].join(' or ')})::double from ${name}`,
  );
  return { name, rows, bytes, hasOddFloats: oddFloats > 0 };
}

/** Of all values of a column together, in bytes, roughly. */
function sizeOf(duckdbType: string, column: string): string {
  const length = { VARCHAR: 'strlen', BLOB: 'octet_length' }[duckdbType];
  const text = length === undefined ? '' : ` + coalesce(sum(${length}(${column})), 0)`;
  return `16 * count(*)${text}`;
}

/** −0, or a NaN, of which nobody can say here which bits it has. */
function oddFloat(column: string): string {
  return `isnan(${column}) or (${column} = 0 and signbit(${column}))`;
}
