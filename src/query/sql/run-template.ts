/** What DuckDB makes of a query's own constants, found out before the query runs. */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { AstObject } from './sql-ast.ts';
import { parseTemplate, writeStatement } from './statement.ts';

/**
 * The rows of `template` with the expressions in it, as `parseTemplate` puts them there.
 *
 * Null where DuckDB can't write one of them, or can't compare the constants with the columns at all
 * (`ts > 5`). That is no error here: the query is rejected in its own words. What fails only while it runs
 * (`ts > 'soon'`) has to be inside a `try` of the template, for it would abort the transaction.
 */
export async function runTemplate(
  connection: DuckDBConnection,
  template: string,
  expressions: readonly AstObject[],
): Promise<readonly (readonly DuckDBValue[])[] | null> {
  const statement = await parseTemplate(connection, template, expressions);
  const sql = await writeStatement(connection, statement);
  if (sql === null) return null;
  try {
    return (await connection.runAndReadAll(sql)).getRows();
  } catch {
    return null;
  }
}

/** Its one row of texts, null for those that are none; nothing where there are no rows. */
export async function runForTexts(
  connection: DuckDBConnection,
  columns: readonly string[],
  expressions: readonly AstObject[],
): Promise<readonly (string | null)[]> {
  if (columns.length === 0) return [];
  const rows = await runTemplate(connection, `select ${columns.join(', ')}`, expressions);
  return (rows?.[0] ?? []).map((value) => (typeof value === 'string' ? value : null));
}
