/** What the process of queries does: opens both stores by what it was handed, and asks them. */
import type { Writable } from 'node:stream';
import type pg from 'pg';
import type { TierdConfig } from '../../config/load.ts';
import type { StructuredAsk } from '../../domain/ask/structured-ask.ts';
import type { SnapshotVersion } from '../../domain/lake/snapshot-version.ts';
import { systemClock } from '../../domain/time/clock.ts';
import { writeDescription } from '../../query/answer/postgres/postgres-format.ts';
import type { AnswerSink } from '../../query/answer/write-rows.ts';
import { AnswerRecord } from '../../query/cache/answer-record.ts';
import type { EngineLimits } from '../../query/engine.ts';
import type { LiveSide } from '../../query/live/live-side.ts';
import { postgresStores } from '../../query/postgres-stores.ts';
import { queryLake } from '../../query/query-lake.ts';
import type {
  FileOutput,
  QueryHead,
  QueryRequest,
  QueryRooms,
  QuerySummary,
} from '../../query/query-request.ts';
import { SpareEngine } from '../../query/spare-engine.ts';
import { compileAsk } from '../../query/structured/compile-ask.ts';
import { listDatasets } from '../../query/structured/list-datasets.ts';
import { readShape } from '../../query/structured/read-shape.ts';
import { KeptLine } from './kept-line.ts';
import { openForQuery, warnOfForeignLake } from './lake-for-query.ts';
import type { LiveTask } from './live-side.ts';
import { noteDamage } from './note-damage.ts';
import { estimatedBy, openLake } from './open-lake.ts';
import { sinkInto } from './sink-into.ts';
import type { PostgresQuestion, TranslatedQuestion } from './translate-question.ts';

/** All that the process is told: of the configuration only what it needs, and no other secret. */
export interface QueryTask {
  /** Whether the answer may be kept: then it says what it has to be compared with. */
  readonly mayKeep?: boolean;
  readonly request: Omit<QueryRequest, 'output' | 'page'> & {
    /** Whether a dataset's name means what waits in Redis as well. */
    readonly withLive?: boolean;
    /** That somebody holds, to be read in place of one of its own. */
    readonly snapshot?: string;
    /** That a statement of the hot store's holds, which locked what it reads in an order of its own. */
    readonly instant?: string;
    /** In place of both: a session of the hot store's that reads a hypertable in place. */
    readonly reader?: { readonly session: string | null };
    /** In PostgreSQL's SQL, in place of the engine's. */
    readonly postgres?: Omit<PostgresQuestion, 'sql' | 'timeZone' | 'instant'>;
    /** What is asked in place of its SQL. */
    readonly structured?: StructuredAsk;
    /** Null: the rows go to the parent. */
    readonly output: FileOutput | null;
    /** Null where the rows go to no terminal: to one, nothing is sent that would steer it. */
    readonly terminal: { readonly isColorSupported: boolean } | null;
  };
  readonly postgres: Pick<TierdConfig['postgres'], 'url' | 'connectTimeoutMs'>;
  readonly lake: TierdConfig['lake'];
  readonly datasets: TierdConfig['datasets'];
  readonly maxHotRows: number;
  readonly maxHoldMs: number;
  readonly limits: EngineLimits;
  /** Null where the question can't be about Redis: then the process is told nothing of it. */
  readonly live: LiveTask | null;
}

export interface TaskRooms {
  readonly rows: Writable;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
  readonly onHead: (head: QueryHead) => void;
}

/** A process of queries: what is in here stays from one to the next. */
export class QueryRoom {
  readonly #line = new KeptLine(systemClock);
  readonly #engines = new SpareEngine();

  /** Opens what the next question needs, whatever it is, and lets go of what the last one used. */
  prepare(): Promise<void> {
    return this.#engines.prepare();
  }

  /** @throws what `queryLake` and `compileAsk` throw, and what connecting does */
  answer(task: QueryTask, rooms: TaskRooms): Promise<QuerySummary> {
    return this.#line.lend({ ...task.postgres, job: 'query' }, (db) =>
      runQueryTask(task, rooms, db, {
        openEngine: (limits) => this.#engines.take(limits),
      }),
    );
  }

  close(): Promise<void> {
    return this.#line.close();
  }
}

async function runQueryTask(
  task: QueryTask,
  rooms: TaskRooms,
  db: pg.Client,
  { openEngine }: Pick<QueryRooms, 'openEngine'>,
): Promise<QuerySummary> {
  const { signal, warn, onHead } = rooms;
  const { maxHotRows, maxHoldMs, datasets, limits } = task;
  const live = await openLive(task, signal);
  const {
    output,
    terminal,
    structured,
    postgres,
    withLive: _,
    snapshot,
    instant,
    reader,
    ...request
  } = task.request;
  const sink = sinkInto(rooms.rows, rooms.signal, terminal);
  if (structured?.kind === 'datasets') return writeDatasets(db, task, sink, onHead);
  const translated =
    postgres === undefined
      ? null
      : await inEngineSql(db, task, { sql: request.sql, ...postgres, instant: instant ?? null });
  if (translated !== null && postgres?.values === null) {
    const { parameterTypes, columns } = translated;
    return writeWhole(sink, writeDescription(parameterTypes, columns), 0, onHead);
  }
  const record = task.mayKeep === true ? { record: new AnswerRecord() } : {};
  const compiled =
    structured === undefined
      ? {}
      : compileAsk(await readShape(db, datasets, structured.dataset, record.record), structured);
  let isOwnLake: (() => Promise<boolean>) | null = null;
  const seen = { segments: true };
  const stores = postgresStores({
    db,
    datasets,
    maxHotRows,
    maxHoldMs,
    signal,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(instant === undefined ? {} : { instant }),
    ...(reader === undefined ? {} : { reader }),
    ...record,
    ...live,
  });
  const summary = await queryLake(
    { ...request, ...compiled, ...translated?.asked, output: output ?? { sink } },
    {
      inSnapshot: (needOf, work, names) =>
        stores(
          needOf,
          (found) => {
            seen.segments = found.cold.datasets.length > 0;
            return work(found);
          },
          names,
        ),
      openLake: async () => {
        const opened = await openForQuery(task, await openLake(task), db, warn);
        isOwnLake = opened.isOwn;
        return opened;
      },
      estimateParts: request.onBadSegment === 'skip' ? null : estimatedBy(task),
      onDamage: async (found) => {
        if (await isOwnLake?.()) await noteDamage(db, found);
      },
      openEngine,
      limits,
      clock: systemClock,
      signal,
      ...record,
      ...live,
      onHead,
    },
  );
  if (!seen.segments && !request.explain) await warnOfForeignLake(await openLake(task), db, warn);
  return summary;
}

/** What speaks to Redis is loaded where somebody asks for it: no other question waits for that. */
async function openLive(
  { live }: QueryTask,
  signal: AbortSignal,
): Promise<{ readonly live?: LiveSide }> {
  if (live === null) return {};
  const { openLiveSide } = await import('./live-side.ts');
  return { live: openLiveSide(live, signal) };
}

const NO_VERSION: SnapshotVersion = { epoch: 0, moves: 0, newestMove: null };

/** What a question in PostgreSQL's SQL is to the engine. Its translator is loaded where somebody asks so. */
async function inEngineSql(
  db: pg.Client,
  { datasets, request: { format } }: QueryTask,
  question: Omit<PostgresQuestion, 'timeZone'>,
): Promise<
  TranslatedQuestion & { readonly asked: Pick<QueryRequest, 'sql' | 'parameters' | 'format'> }
> {
  const { translateQuestion } = await import('./translate-question.ts');
  const timeZone = typeof format === 'object' ? format.timeZone : 'UTC';
  const translated = await translateQuestion(db, datasets, { ...question, timeZone });
  const { sql, columns } = translated;
  const asked = {
    sql,
    parameters: [],
    format: typeof format === 'object' ? { ...format, columns } : format,
  };
  return { ...translated, asked };
}

async function writeDatasets(
  db: pg.Client,
  { datasets }: QueryTask,
  sink: AnswerSink,
  onHead: TaskRooms['onHead'],
): Promise<QuerySummary> {
  const { version, datasets: listed } = await listDatasets(db, datasets);
  const text = `${JSON.stringify({ datasets: listed })}\n`;
  return writeWhole(sink, text, listed.length, onHead, version);
}

/** What was made without a query. */
async function writeWhole(
  sink: AnswerSink,
  whole: string | Uint8Array,
  rows: number,
  onHead: TaskRooms['onHead'],
  version: SnapshotVersion = NO_VERSION,
): Promise<QuerySummary> {
  const startedAt = systemClock.now();
  const head = {
    version,
    segmentsRead: 0,
    segmentsLive: 0,
    segmentsSkipped: [],
    coldRows: 0,
    hotRows: 0,
    fetched: null,
    liveRows: null,
  };
  onHead(head);
  await sink.write(whole);
  return {
    ...head,
    rows,
    elapsedMs: systemClock.now() - startedAt,
    notes: [],
    plan: null,
    waiting: [],
    repeatable: null,
    nextCursor: null,
  };
}
