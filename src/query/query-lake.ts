/**
 * One query over the lake, from its text to its last row:
 *
 *   parse → find what it needs → choose segments → views over them → shut off → run → write
 *
 * All of it in one transaction of a DuckDB of its own, so that `now()` prunes and filters by the
 * same instant.
 */
import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';
import type { Clock } from '../domain/clock.ts';
import { TierdError } from '../domain/errors.ts';
import type { ObjectStore } from '../lake/object-store.ts';
import type { ColdCatalog, ColdDataset, SegmentRef } from './cold-catalog.ts';
import { viewQuery } from './cold-view.ts';
import { type Engine, type EngineLimits, interruptible, openEngine } from './engine.ts';
import { describeFailure, type QueryStage } from './failures.ts';
import { replaceFile, writeTextFile } from './output-file.ts';
import { ANY } from './predicate.ts';
import { findNeeds } from './prune.ts';
import type { QueryFormat } from './query-format.ts';
import { rowSourceOf } from './row-source.ts';
import { chooseSegments } from './segment-filter.ts';
import { quoteName, quoteText } from './sql-text.ts';
import { admitSelect } from './statement.ts';
import { writeTable } from './table-format.ts';
import { type TextSink, type WriteRows, writeCsv, writeJson, writeNdjson } from './text-formats.ts';
import { type ViewSchema, viewSchemaOf } from './view-schema.ts';

export interface QueryRequest {
  /** One SELECT in DuckDB's SQL. Every dataset is a table of its name, also as `cold.<name>`. */
  readonly sql: string;
  readonly format: QueryFormat;
  /** A file, replaced when the query has succeeded; or where the text goes as it comes. */
  readonly output: { readonly file: string } | { readonly sink: TextSink };
  /** For `table` into a terminal: how wide it is. Null cuts nothing. */
  readonly terminalWidth: number | null;
}

export interface QueryRooms {
  readonly catalog: ColdCatalog;
  readonly store: Pick<ObjectStore, 'locate' | 'stat'>;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface QuerySummary {
  readonly rows: number;
  readonly elapsedMs: number;
  /** Segments that the query had to look into, and live segments of the datasets that it names. */
  readonly segmentsRead: number;
  readonly segmentsLive: number;
}

/**
 * Reads the lake and writes the result; changes nothing else.
 *
 * @throws TierdError QUERY_INVALID, QUERY_NOT_ALLOWED, QUERY_FAILED, SEGMENT_UNREADABLE,
 *   COLUMN_TYPE_CHANGED, OUTPUT_UNWRITABLE, INTERRUPTED. A file is then as it was before; a sink
 *   may have got a part of the rows.
 */
export async function queryLake(request: QueryRequest, rooms: QueryRooms): Promise<QuerySummary> {
  assertFormatFits(request);
  const startedAt = rooms.clock.now();
  const engine = await openEngine(rooms.limits);
  const progress: Progress = { stage: 'parse', chosen: [] };
  try {
    const rows = await interruptible(engine.connection, rooms.signal, () =>
      runQuery(engine, request, rooms, progress),
    );
    return {
      rows,
      elapsedMs: rooms.clock.now() - startedAt,
      segmentsRead: sum(progress.chosen, ({ segments }) => segments.length),
      segmentsLive: sum(progress.chosen, ({ dataset }) =>
        sum(dataset.schemas, ({ segments }) => segments),
      ),
    };
  } catch (error) {
    throw await describeFailure(error, {
      stage: progress.stage,
      catalog: rooms.catalog,
      segments: progress.chosen.flatMap(({ segments }) => segments),
      store: rooms.store,
      signal: rooms.signal,
    });
  } finally {
    await engine.close();
  }
}

/** How far a query has come, for the message when it fails. */
interface Progress {
  stage: QueryStage;
  chosen: readonly ChosenDataset[];
}

async function runQuery(
  engine: Engine,
  request: QueryRequest,
  rooms: QueryRooms,
  progress: Progress,
): Promise<number> {
  const { connection } = engine;
  const statement = await admitSelect(connection, request.sql);
  await connection.run('begin');
  progress.chosen = await chooseDatasets(connection, rooms.catalog, statement);
  await rooms.catalog.release();
  progress.stage = 'open';
  await createViews(connection, progress.chosen, rooms);
  const segmentPaths = progress.chosen.flatMap(({ segments }) =>
    segments.map(({ key }) => rooms.store.locate(key)),
  );
  const begin = async (...morePaths: readonly string[]) => {
    await engine.shutOff([...segmentPaths, ...morePaths]);
    progress.stage = 'bind';
    const prepared = await bind(connection, request.sql);
    progress.stage = 'run';
    return prepared;
  };
  const { output } = request;
  if ('sink' in output) return writeRows(await begin(), request, output.sink);
  return replaceFile(output.file, async (temporary) => {
    const prepared = await begin(temporary);
    return request.format === 'parquet'
      ? writeParquet(connection, request.sql, temporary)
      : writeTextFile(temporary, (sink) => writeRows(prepared, request, sink));
  });
}

/** Without --output there is no file to replace, and a terminal is no place for bytes. */
function assertFormatFits(request: QueryRequest): void {
  if (request.format !== 'parquet' || 'file' in request.output) return;
  throw new TierdError({
    code: 'USAGE',
    message: 'Parquet is written to a file, and none was named. Nothing was run.',
    hint: 'Add --output FILE, or choose --format csv or ndjson.',
  });
}

interface ChosenDataset {
  readonly dataset: ColdDataset;
  readonly schema: ViewSchema;
  readonly segments: readonly SegmentRef[];
}

async function chooseDatasets(
  connection: DuckDBConnection,
  catalog: ColdCatalog,
  statement: Parameters<typeof findNeeds>[0],
): Promise<readonly ChosenDataset[]> {
  const named = findNeeds(
    statement,
    catalog.datasets.map(({ name }) => ({ name, columns: new Map() })),
  );
  // A schema that can't be reconciled is the trouble of those queries only that name the dataset.
  const datasets = catalog.datasets
    .filter(({ name }) => named.opaque || named.datasets.has(name))
    .map((dataset) => ({ dataset, schema: viewSchemaOf(dataset) }));
  const needs = findNeeds(
    statement,
    datasets.map(({ dataset, schema }) => ({ name: dataset.name, columns: schema })),
  );
  const chosen: ChosenDataset[] = [];
  for (const { dataset, schema } of datasets) {
    const predicate = needs.opaque ? ANY : (needs.datasets.get(dataset.name) ?? ANY);
    const segments = await chooseSegments(connection, catalog, dataset, schema, predicate);
    chosen.push({ dataset, schema, segments });
  }
  return chosen;
}

async function createViews(
  connection: DuckDBConnection,
  chosen: readonly ChosenDataset[],
  { catalog, store }: QueryRooms,
): Promise<void> {
  await connection.run('create schema cold');
  for (const { dataset, schema, segments } of chosen) {
    await createView(
      connection,
      dataset.name,
      viewQuery(schema, segments, (key) => store.locate(key)),
    );
  }
  // Those that the query does not name are there for SHOW TABLES, and read nothing.
  for (const dataset of catalog.datasets) {
    if (chosen.some((one) => one.dataset === dataset)) continue;
    const schema = reconcilable(dataset);
    if (schema !== null) await createView(connection, dataset.name, viewQuery(schema, [], String));
  }
}

function reconcilable(dataset: ColdDataset): ViewSchema | null {
  try {
    return viewSchemaOf(dataset);
  } catch (error) {
    // Told to whoever names the dataset; this query does not.
    if (error instanceof TierdError && error.code === 'COLUMN_TYPE_CHANGED') return null;
    throw error;
  }
}

async function createView(
  connection: DuckDBConnection,
  name: string,
  query: string,
): Promise<void> {
  await connection.run(`create view cold.${quoteName(name)} as ${query}`);
  await connection.run(`create view main.${quoteName(name)} as from cold.${quoteName(name)}`);
}

/** Binds the query to the views: what is wrong with its names and types shows here. */
async function bind(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  const statements = await connection.extractStatements(sql);
  const prepared = await statements.prepare(0);
  if (prepared.parameterCount === 0) return prepared;
  throw new TierdError({
    code: 'QUERY_INVALID',
    message: 'The query has parameters, and tierd query takes none. Nothing was run.',
    hint: 'Write the values into the query.',
  });
}

async function writeRows(
  prepared: DuckDBPreparedStatement,
  request: QueryRequest,
  sink: TextSink,
): Promise<number> {
  return writerFor(request)(rowSourceOf(await prepared.stream()), sink);
}

function writerFor({ format, terminalWidth }: QueryRequest): WriteRows {
  switch (format) {
    case 'table':
    case 'parquet':
      return writeTable(terminalWidth);
    case 'json':
      return writeJson;
    case 'ndjson':
      return writeNdjson;
    case 'csv':
      return writeCsv;
  }
}

/**
 * Through a view: the query stands last in its definition, so that it may end as it likes. Without
 * DuckDB's own temporary file, which would have a name that is not allowed; `path` is one already.
 */
async function writeParquet(
  connection: DuckDBConnection,
  sql: string,
  path: string,
): Promise<number> {
  const view = quoteName('tierd result');
  await connection.run(`create temp view ${view} as ${sql}`);
  const copied = await connection.runAndReadAll(
    `copy (from temp.${view}) to ${quoteText(path)} (format parquet, compression zstd, use_tmp_file false)`,
  );
  return Number(copied.getRows()[0]?.[0] ?? 0);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
