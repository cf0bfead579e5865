/**
 * One query over hot and cold as one table, from its text to its last row:
 *
 *   parse → one snapshot of both: find what it needs → choose segments → copy hot rows
 *         → views over them → shut off → run → write
 *
 * All of it in one transaction of a DuckDB of its own, so that `now()` prunes and filters by the
 * same instant. PostgreSQL's snapshot ends before the query runs: nothing there waits for it.
 */
import { join } from 'node:path';
import { TierdError } from '../domain/errors.ts';
import type { SnapshotVersion } from '../domain/lake/snapshot-version.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { ObjectStore } from '../lake/object-store.ts';
import type { OpenSegments } from '../lake/segment-files.ts';
import { writeExpanded } from './answer/expanded-format.ts';
import type { Page, PageEnd } from './answer/hidden-columns.ts';
import { replaceFile, writeTextFile } from './answer/output-file.ts';
import type { QueryFormat } from './answer/query-format.ts';
import { bindQuery, NOWHERE, writeParquet, writeRows } from './answer/result.ts';
import { writeTable } from './answer/table-format.ts';
import {
  type TextSink,
  type WriteRows,
  writeCsv,
  writeJson,
  writeNdjson,
} from './answer/text-formats.ts';
import type { AnswerRecord } from './cache/answer-record.ts';
import { isRepeatable } from './cache/repeatable.ts';
import type { Repeatable } from './cache/standing.ts';
import { type ChosenDataset, chooseDatasets, datasetsOf, wantsHot } from './choose-datasets.ts';
import { createViews, type LoadedDataset } from './create-views.ts';
import { type Engine, type EngineLimits, interruptible, openEngine } from './engine.ts';
import { describeFailure, type QueryStage } from './failures.ts';
import { loadHotRows } from './hot/hot-rows.ts';
import { loadNewerRows } from './hot/newer-rows.ts';
import { type PartedQuery, partQuery } from './partials/load-parts.ts';
import { type DatasetPlan, planDataset } from './query-plan.ts';
import type { ColdCatalog, ColdDataset, SegmentRef, TimeHull } from './segments/cold-catalog.ts';
import { findSides } from './segments/sides.ts';
import { admitSources } from './sql/admit-sources.ts';
import { type FilledQuery, fillParameters, type ParameterValue } from './sql/parameters.ts';
import { type AstObject, foldName } from './sql/sql-ast.ts';
import { admitSelect, looksOnly, shownText } from './sql/statement.ts';
import { assertWholeText } from './sql/whole-text.ts';
import type { HotNeed, InSnapshot } from './stores.ts';
import { noteTextComparisons } from './text-numbers.ts';

export interface QueryRequest {
  /**
   * One SELECT in DuckDB's SQL. Every dataset is a table of its name; `hot.<name>` and
   * `cold.<name>` are its sides.
   */
  readonly sql: string;
  /** Of `$1`, `$2`, … */
  readonly parameters: readonly ParameterValue[];
  /** Says what would be read, in the summary, and reads nothing. */
  readonly explain: boolean;
  readonly format: QueryFormat;
  readonly output: FileOutput | { readonly sink: TextSink };
  /** For `table` into a terminal: how wide it is. Null cuts nothing. */
  readonly terminalWidth: number | null;
  /** Where the answer is a page of a longer one. */
  readonly page?: Page | null;
}

/** `file` is replaced when the query has succeeded; until then the rows are in `part`, beside it. */
export interface FileOutput {
  readonly file: string;
  readonly part: string;
}

export interface QueryRooms {
  readonly inSnapshot: InSnapshot;
  /** Asked for the lake when a segment has to be read: without one, hot rows can be had while it is away. */
  readonly openLake: () => Promise<QueryLake>;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly onHead?: (head: QueryHead) => void;
  /** That of `inSnapshot`. */
  readonly record?: AnswerRecord;
}

export interface QueryLake {
  readonly store: Pick<ObjectStore, 'locate' | 'stat'>;
  readonly openSegments: OpenSegments;
}

/** What is known before the first row. */
export interface QueryHead {
  /** Which state of the lake the answer is of. */
  readonly version: SnapshotVersion;
  /** Segments that the query had to look into, and live segments of the datasets that it names. */
  readonly segmentsRead: number;
  readonly segmentsLive: number;
  /** Of the segments that it had to look into. */
  readonly coldRows: number;
  /** Copied from PostgreSQL: those that the conditions could not rule out. */
  readonly hotRows: number;
}

export interface QuerySummary extends QueryHead {
  readonly rows: number;
  /** Where the next page begins; null where there is none. */
  readonly nextCursor: string | null;
  /** What a kept answer would have to be compared with; null where it may not be kept. */
  readonly repeatable: Repeatable | null;
  readonly elapsedMs: number;
  /** What the rows alone would not tell, in words. */
  readonly notes: readonly string[];
  /** Null unless asked for. */
  readonly plan: readonly DatasetPlan[] | null;
}

/**
 * Reads both stores and writes the result; changes nothing else.
 *
 * @throws TierdError HOT_ROWS_EXCEEDED, QUERY_INVALID, QUERY_NOT_ALLOWED, QUERY_FAILED, QUERY_TOO_LARGE, SEGMENT_UNREADABLE,
 *   COLUMN_TYPE_CHANGED, OUTPUT_UNWRITABLE, INTERRUPTED. A file is then as it was before; a sink
 *   may have got a part of the rows.
 */
export async function queryLake(request: QueryRequest, rooms: QueryRooms): Promise<QuerySummary> {
  assertFormatFits(request);
  const startedAt = rooms.clock.now();
  const engine = await openEngine(rooms.limits);
  const progress: Progress = {
    isRepeatable: false,
    stage: 'parse',
    version: NO_VERSION,
    loaded: [],
    store: null,
    known: NOTHING_KNOWN,
    notes: [],
    plan: null,
  };
  try {
    const pageEnd = await interruptible(engine.connection, rooms.signal, () =>
      runQuery(engine, request, rooms, progress),
    );
    return {
      ...headOf(progress),
      rows: pageEnd.rows,
      nextCursor: request.page?.nextCursor(pageEnd) ?? null,
      repeatable: progress.isRepeatable ? (rooms.record?.repeatable ?? null) : null,
      elapsedMs: rooms.clock.now() - startedAt,
      notes: progress.notes,
      plan: progress.plan,
    };
  } catch (error) {
    throw await describeFailure(error, {
      stage: progress.stage,
      catalog: progress.known,
      segments: progress.loaded.flatMap(({ segments }) => segments),
      store: progress.store,
      signal: rooms.signal,
    });
  } finally {
    await engine.close();
  }
}

/** How far a query has come, for the message when it fails. */
interface Progress {
  isRepeatable: boolean;
  stage: QueryStage;
  version: SnapshotVersion;
  loaded: readonly LoadedDataset[];
  /** Null until a segment was to be read. */
  store: QueryLake['store'] | null;
  known: Pick<ColdCatalog, 'datasets' | 'emptyDatasets'>;
  notes: readonly string[];
  plan: readonly DatasetPlan[] | null;
}

const NOTHING_KNOWN = { datasets: [], emptyDatasets: [] };
const NO_VERSION: SnapshotVersion = { epoch: 0, moves: 0, newestMove: null };

function headOf({ version, loaded }: Progress): QueryHead {
  return {
    version,
    segmentsRead: sum(loaded, ({ segments }) => segments.length),
    segmentsLive: sum(loaded, ({ dataset }) => sum(dataset.schemas, ({ segments }) => segments)),
    coldRows: sum(loaded, ({ segments }) => sum(segments, ({ rows }) => Number(rows))),
    hotRows: sum(
      loaded,
      ({ hotRows, parts }) => (hotRows?.rows ?? 0) + sum(parts ?? [], ({ rows }) => rows),
    ),
  };
}

async function runQuery(
  engine: Engine,
  request: QueryRequest,
  rooms: QueryRooms,
  progress: Progress,
): Promise<PageEnd> {
  const { connection } = engine;
  assertWholeText('The query', request.sql);
  const asked = await fillParameters(
    connection,
    { sql: request.sql, statement: await admitSelect(connection, request.sql) },
    request.parameters,
  );
  progress.isRepeatable = isRepeatable(asked.statement);
  await connection.run('begin');
  const { others, sql } = await load(engine, asked, request, rooms, progress);
  if (request.explain) return bindOnly(connection, sql, [...progress.known.datasets], progress);
  progress.stage = 'open';
  const locate = await openSegments(rooms, progress);
  const createAllViews = () => createViews(connection, progress.loaded, others, locate);
  await createAllViews();
  const query = {
    connection,
    sql,
    shown: await shownText(connection, sql, asked.statement),
    createViews: createAllViews,
    hidden: request.page?.hidden ?? 0,
    signal: rooms.signal,
  };
  const segmentPaths = progress.loaded.flatMap(({ segments }) =>
    segments.map(({ key }) => locate(key)),
  );
  const begin = async (...outputPaths: readonly string[]) => {
    await engine.shutOff([...segmentPaths, ...outputPaths, NOWHERE]);
    progress.stage = 'bind';
    const prepared = await bindQuery(query);
    progress.stage = 'run';
    rooms.onHead?.(headOf(progress));
    return prepared;
  };
  const { output } = request;
  const write = writerFor(request, (note) => {
    progress.notes = [...progress.notes, note];
  });
  if ('sink' in output) return writeRows(query, await begin(), write, output.sink);
  const { file, part } = output;
  return replaceFile(file, part, async () => {
    const prepared = await begin(part);
    return request.format === 'parquet'
      ? writeParquet(query, part)
      : writeTextFile(part, (sink) => writeRows(query, prepared, write, sink));
  });
}

/** @returns where each segment of the query can be read */
async function openSegments(
  { openLake, limits, signal }: QueryRooms,
  progress: Progress,
): Promise<(key: string) => string> {
  const segments = progress.loaded.flatMap((one) => one.segments);
  if (segments.length === 0) return () => NOWHERE;
  const lake = await openLake();
  progress.store = lake.store;
  return lake.openSegments(segments, join(limits.spillDirectory, 'segments'), signal);
}

/** To views without rows: what is wrong with its names and types is told all the same. */
async function bindOnly(
  connection: Engine['connection'],
  sql: string,
  datasets: readonly ColdDataset[],
  progress: Progress,
): Promise<PageEnd> {
  await createViews(connection, [], datasets, () => '');
  progress.stage = 'bind';
  await bindQuery({ connection, sql });
  return { rows: 0, last: null, alike: 0 };
}

interface LoadedQuery {
  /** The datasets that it does not name. */
  readonly others: readonly ColdDataset[];
  /** Over what was loaded. */
  readonly sql: string;
}

/** What the query needs of both stores, of one snapshot. */
async function load(
  engine: Engine,
  asked: FilledQuery,
  { explain }: QueryRequest,
  rooms: QueryRooms,
  progress: Progress,
): Promise<LoadedQuery> {
  const { statement } = asked;
  const sides = findSides(statement);
  const needOf = (dataset: string): HotNeed => {
    if (wantsHot(sides, dataset)) return 'rows';
    return sides.named.has(foldName(dataset)) ? 'columns' : 'nothing';
  };
  return rooms.inSnapshot(needOf, async (stores) => {
    progress.version = stores.version;
    const all = datasetsOf(stores);
    admitSources(
      statement,
      all.map(({ name }) => name),
    );
    progress.known = { datasets: all, emptyDatasets: stores.cold.emptyDatasets };
    const chosen = await chooseDatasets(engine.connection, stores, statement, sides);
    progress.notes = noteTextComparisons(statement, chosen, stores.hot);
    const parted = await partQuery(engine, asked, chosen);
    if (explain) {
      const plan: DatasetPlan[] = [];
      for (const one of chosen) {
        const parts = parted.plans.get(one) ?? null;
        plan.push(await planDataset(engine, statement, stores.cold, sides, one, parts));
      }
      progress.plan = plan;
      return { others: all, sql: asked.sql };
    }
    progress.loaded = await loadAll(engine, statement, chosen, parted);
    const others = all.filter(({ name }) => !chosen.some(({ dataset }) => dataset.name === name));
    return { others, sql: parted.sql };
  });
}

/** The hot side of each: as PostgreSQL's parts where all of the query is made of these, else as rows. */
async function loadAll(
  engine: Engine,
  statement: AstObject,
  chosen: readonly ChosenDataset[],
  parted: PartedQuery,
): Promise<readonly LoadedDataset[]> {
  const loaded: LoadedDataset[] = [];
  for (const one of chosen) {
    const { hot } = one;
    if (hot === null || looksOnly(statement)) {
      loaded.push({ ...one, hotRows: null, newer: null, parts: null });
      continue;
    }
    const plan = parted.plans.get(one);
    const reason = plan !== undefined && 'notInParts' in plan ? plan.notInParts : undefined;
    const parts = await parted.load(one);
    const hotRows =
      parts === null
        ? await loadHotRows(engine, statement, { ...one, hot }, loaded.length, reason)
        : null;
    const segments = one.segments.filter((segment) => isWithin(segment, hotRows?.bound ?? null));
    const newer = await loadNewerRows(engine, { ...one, segments, hot }, loaded.length);
    loaded.push({ ...one, segments, hotRows, newer, parts });
  }
  return loaded;
}

function isWithin({ minTimeUs, maxTimeUs }: SegmentRef, hull: TimeHull | null): boolean {
  const { fromInclusiveUs: from = null, toInclusiveUs: to = null } = hull ?? {};
  return (from === null || maxTimeUs >= from) && (to === null || minTimeUs <= to);
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

function writerFor(
  { format, terminalWidth, output }: QueryRequest,
  note: (text: string) => void,
): WriteRows {
  switch (format) {
    case 'table':
    case 'parquet':
      // A file has no width.
      return writeTable('file' in output ? null : terminalWidth, note);
    case 'expanded':
      return writeExpanded;
    case 'json':
      return writeJson;
    case 'ndjson':
      return writeNdjson;
    case 'csv':
      return writeCsv;
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
