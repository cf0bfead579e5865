/** The result of a query that is bound to its views: its rows as text, or as a Parquet file. */
import { devNull } from 'node:os';
import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';
import { TierdError } from '../../domain/errors.ts';
import { quoteName, quoteText } from '../sql/sql-text.ts';
import { type PageEnd, withoutHidden, writeParquetPage } from './hidden-columns.ts';
import { type RowSource, rowSourceOf } from './row-source.ts';
import type { AnswerSink, WriteRows } from './write-rows.ts';

/** Has to be allowed when the engine is shut off; see `reasonItBrokeOff`. */
export const NOWHERE = devNull;

export interface RunnableQuery {
  readonly connection: DuckDBConnection;
  readonly sql: string;
  /** Of DESCRIBE, SHOW and SUMMARIZE, which no view can be made of: what may stand within a FROM. */
  readonly shown: string | null;
  /** Makes the views again, after a rollback. */
  readonly createViews: () => Promise<void>;
  /** So many columns at the end are not shown. */
  readonly hidden: number;
  readonly signal: AbortSignal | undefined;
}

/** Binds the query to the views: what is wrong with its names and types shows here. */
export async function bindQuery({
  connection,
  sql,
}: Pick<RunnableQuery, 'connection' | 'sql'>): Promise<DuckDBPreparedStatement> {
  const statements = await connection.extractStatements(sql);
  return statements.prepare(0);
}

/** @returns the number of rows, and how they ended */
export async function writeRows(
  query: RunnableQuery,
  prepared: DuckDBPreparedStatement,
  write: WriteRows,
  sink: AnswerSink,
): Promise<PageEnd> {
  const result = await prepared.stream();
  const rows = rowSourceOf(result, () => assertWhole(query));
  return writeSource(rows, query.hidden, write, sink);
}

/** @param hidden so many columns at the end are not shown */
export async function writeSource(
  rows: RowSource,
  hidden: number,
  write: WriteRows,
  sink: AnswerSink,
): Promise<PageEnd> {
  const { source, end } = withoutHidden(rows, hidden);
  await write(source, sink);
  return end();
}

export async function writeParquet(query: RunnableQuery, path: string): Promise<PageEnd> {
  if (query.hidden > 0) return writeParquetPage(query, path, query.hidden);
  const rows = await copyResult(query, path, 'format parquet, compression zstd');
  return { rows, last: null, alike: 0 };
}

/**
 * What fails while rows are fetched is not reported, but it aborts the transaction: the next
 * statement in it tells. An interrupt does the same.
 */
async function assertWhole(query: RunnableQuery): Promise<void> {
  try {
    await query.connection.run('select 1');
  } catch (error) {
    // This says that the transaction is aborted and not why. After an interrupt the reason is known.
    throw query.signal?.aborted === true ? error : await reasonItBrokeOff(query);
  }
}

/** Runs the query once more, into nothing and as one statement, for that one says what is wrong. */
async function reasonItBrokeOff(query: RunnableQuery): Promise<unknown> {
  try {
    await query.connection.run('rollback');
    await query.connection.run('begin');
    await query.createViews();
    await copyResult(query, NOWHERE, 'format csv');
  } catch (reason) {
    return reason;
  }
  return new TierdError({
    code: 'QUERY_FAILED',
    message:
      'The result broke off before its end, and the engine gave no reason; tried again without output, the query came to its end.',
    hint: 'Run the query again. What was printed is not the whole result; a file was left as it was.',
  });
}

/**
 * Through a view: the query stands last in its definition, so that it may end as it likes. Without
 * DuckDB's own temporary file, which would have a name that is not allowed.
 */
async function copyResult(
  { connection, sql, shown }: RunnableQuery,
  path: string,
  options: string,
): Promise<number> {
  const view = quoteName('tierd result');
  // SHOW TABLES would list the view.
  if (shown === null) await connection.run(`create temp view ${view} as ${sql}`);
  const rows = shown === null ? `temp.${view}` : `(${shown})`;
  const copied = await connection.runAndReadAll(
    `copy (from ${rows}) to ${quoteText(path)} (${options}, use_tmp_file false)`,
  );
  return Number(copied.getRows()[0]?.[0] ?? 0);
}
