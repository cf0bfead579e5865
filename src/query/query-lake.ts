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
import type { PageEnd } from './answer/hidden-columns.ts';
import { replaceFile, writeIntoFile } from './answer/output-file.ts';
import { bindQuery, NOWHERE, writeParquet, writeRows, writeSource } from './answer/result.ts';
import { writerFor } from './answer/writer-for.ts';
import { isRepeatable } from './cache/repeatable.ts';
import { createViews } from './create-views.ts';
import { type Engine, interruptible } from './engine.ts';
import { describeFailure } from './failures.ts';
import { loadQuery } from './load-query.ts';
import { headOf, notBegun, type Progress } from './progress.ts';
import {
  assertFormatFits,
  type QueryRequest,
  type QueryRooms,
  type QuerySummary,
} from './query-request.ts';
import { openInParts } from './segments/open-in-parts.ts';
import { findAltered, openByContent, openByLength } from './segments/open-sound.ts';
import {
  damageIn,
  type SegmentDamage,
  segmentUnreadable,
  skippedNote,
} from './segments/segment-damage.ts';
import { fillParameters } from './sql/parameters.ts';
import type { AstObject } from './sql/sql-ast.ts';
import { admitSelect, shownText } from './sql/statement.ts';
import { assertWholeText } from './sql/whole-text.ts';

/**
 * Reads both stores and writes the result; changes nothing else. Of damaged segments `onDamage` is told.
 *
 * @throws TierdError HOT_ROWS_EXCEEDED, QUERY_INVALID, QUERY_NOT_ALLOWED, QUERY_FAILED, QUERY_TOO_LARGE, SEGMENT_UNREADABLE,
 *   COLUMN_TYPE_CHANGED, OUTPUT_UNWRITABLE, INTERRUPTED. A file is then as it was before; a sink
 *   may have got a part of the rows.
 */
export async function queryLake(request: QueryRequest, rooms: QueryRooms): Promise<QuerySummary> {
  assertFormatFits(request);
  const startedAt = rooms.clock.now();
  const engine = await rooms.openEngine(rooms.limits);
  const progress = notBegun();
  // While the question is read and PostgreSQL is asked what there is.
  const begun = engine.begin(rooms.limits);
  begun.catch(() => undefined);
  try {
    const pageEnd = await interruptible(engine.connection, rooms.signal, () =>
      runQuery(engine, begun, request, rooms, progress),
    );
    return {
      ...headOf(progress),
      rows: pageEnd.rows,
      nextCursor: request.page?.nextCursor(pageEnd) ?? null,
      repeatable: progress.isRepeatable ? (rooms.record?.repeatable ?? null) : null,
      elapsedMs: rooms.clock.now() - startedAt,
      notes: progress.notes,
      plan: progress.plan,
      waiting: progress.waiting,
    };
  } catch (error) {
    const failure = await describeFailure(error, {
      stage: progress.stage,
      catalog: progress.known,
      segments: progress.loaded.flatMap(({ segments }) => segments),
      store: progress.store,
      locate: progress.locate,
      judge: progress.judge,
      signal: rooms.signal,
    });
    const damaged = damageIn(failure);
    if (damaged.length > 0) await rooms.onDamage?.({ damaged, sound: [] });
    throw failure;
  } finally {
    await begun.catch(() => undefined);
    await engine.close();
  }
}

/** @param begun when its transaction has begun */
async function runQuery(
  engine: Engine,
  begun: Promise<void>,
  request: QueryRequest,
  rooms: QueryRooms,
  progress: Progress,
): Promise<PageEnd> {
  const { connection, scratch } = engine;
  assertWholeText('The query', request.sql);
  const asked = await fillParameters(
    scratch,
    { sql: request.sql, statement: await admitSelect(scratch, request.sql) },
    request.parameters,
  );
  progress.isRepeatable = isRepeatable(asked.statement);
  const { views, sql, ordered } = await loadQuery(
    { engine, begun },
    asked,
    request,
    rooms,
    progress,
  );
  if (request.explain) return bindOnly(connection, sql, progress);
  const write = writerFor(request, (note) => {
    progress.notes = [...progress.notes, note];
  });
  const { output } = request;
  if (ordered !== null && 'sink' in output) {
    progress.stage = 'run';
    rooms.onHead?.(headOf(progress));
    return writeSource(ordered, 0, write, output.sink);
  }
  progress.stage = 'open';
  const locate = await openSegments(engine, asked.statement, request, rooms, progress);
  const viewAll = () => {
    const { loaded, loadedLive: live } = progress;
    return createViews(connection, { ...views, loaded, live }, locate);
  };
  await viewAll();
  const query = {
    connection,
    sql,
    shown: await shownText(connection, sql, asked.statement),
    createViews: viewAll,
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
  if ('sink' in output) return writeRows(query, await begin(), write, output.sink);
  const { file, part } = output;
  return replaceFile(file, part, async () => {
    const prepared = await begin(part);
    return request.format === 'parquet'
      ? writeParquet(query, part)
      : writeIntoFile(part, (sink) => writeRows(query, prepared, write, sink));
  });
}

/** @returns where each segment of the query can be read; in `progress` are those alone that can be */
async function openSegments(
  { connection }: Engine,
  statement: AstObject,
  { onBadSegment }: QueryRequest,
  { openLake, limits, signal, onDamage }: QueryRooms,
  progress: Progress,
): Promise<(key: string) => string> {
  const { loaded } = progress;
  const segments = loaded.flatMap((one) => one.segments);
  if (segments.length === 0) return () => NOWHERE;
  const lake = await openLake();
  progress.store = lake.store;
  const directory = join(limits.spillDirectory, 'segments');
  const { openSegments: open, openParts = null } = lake;
  const asked = { openSegments: open, segments, directory, signal };
  if (onBadSegment !== 'skip' && openParts !== null) {
    progress.judge = (of) => findAltered({ ...asked, segments: of });
    const parts = await openInParts({
      openParts,
      connection,
      statement,
      loaded,
      directory,
      signal,
    });
    progress.fetched = parts.fetched;
    return parts.locate;
  }
  if (onBadSegment !== 'skip') {
    const { locate, damaged } = await openByLength(asked);
    if (damaged.length > 0) throw segmentUnreadable(damaged, null);
    return opened(progress, locate, signal);
  }
  const { locate, damaged } = await openByContent(asked);
  leaveOut(damaged, progress);
  const sound = progress.loaded.flatMap((one) => one.segments.map(({ key }) => key));
  await onDamage?.({ damaged, sound });
  return opened(progress, locate, signal);
}

function opened(
  progress: Progress,
  locate: (key: string) => string,
  signal: AbortSignal | undefined,
): (key: string) => string {
  const openSegments = () => Promise.resolve(locate);
  progress.locate = locate;
  progress.judge = (segments) => findAltered({ openSegments, segments, directory: '', signal });
  return locate;
}

function leaveOut(damaged: readonly SegmentDamage[], progress: Progress): void {
  if (damaged.length === 0) return;
  const keys = new Set(damaged.map(({ key }) => key));
  const out = progress.loaded.flatMap((one) => one.segments.filter(({ key }) => keys.has(key)));
  progress.loaded = progress.loaded.map((one) => ({
    ...one,
    segments: one.segments.filter(({ key }) => !keys.has(key)),
  }));
  progress.skipped = damaged.map(({ key }) => key);
  const rows = out.reduce((sum, one) => sum + one.rows, 0n);
  progress.notes = [...progress.notes, skippedNote(damaged, rows)];
  // Another time there may be more of it.
  progress.isRepeatable = false;
}

/** To views without rows: what is wrong with its names and types is told all the same. */
async function bindOnly(
  connection: Engine['connection'],
  sql: string,
  progress: Progress,
): Promise<PageEnd> {
  const { known, loadedLive: live } = progress;
  const views = { loaded: [], others: known.datasets, live, named: null };
  await createViews(connection, views, () => '');
  progress.stage = 'bind';
  await bindQuery({ connection, sql });
  return { rows: 0, last: null, alike: 0 };
}
