/** What the stores hold, as `/status` shows it. */
import { z } from 'zod';
import type { LiveHealth } from '../domain/live/live-health.ts';
import type { DatasetSurvey, SourceSurvey, Survey } from '../domain/survey/survey.ts';
import { hotTotalsOf, waitingTotalsOf } from '../domain/survey/survey-totals.ts';
import { iso, time } from './time.ts';

const figure = z.number().nullable();
const error = z.string().nullable();

const liveServer = z.object({
  server: z.string(),
  product: z.string().meta({ description: 'As the server calls itself: Redis, Valkey.' }),
  version: z.string(),
  role: z.string(),
  keys: z.number(),
  used_bytes: z.number(),
  max_bytes: z.number(),
  eviction_policy: z.string().nullable(),
  fragmentation: z.number(),
  hit_ratio: figure,
  ops_per_second: z.number(),
  latency_ms: z.number(),
  clients: z.number(),
  evicted_keys: z.number(),
  expired_keys: z.number(),
  aof_enabled: z.boolean(),
  aof_ok: z.boolean(),
  rdb_ok: z.boolean(),
});

const dataset = z.object({
  dataset: z.string(),
  table: z.string(),
  kind: z.enum(['plain', 'partitioned', 'hypertable']).nullable(),
  error,
  as_of: time,
  hot: z.object({
    rows: figure,
    rows_are_estimated: z.boolean(),
    bytes: figure,
    oldest: time,
    newest: time,
  }),
  cold: z.object({
    segments: z.number(),
    rows: z.number(),
    bytes: z.number(),
    oldest: time,
    newest: time,
    bad_segments: z.number(),
  }),
  ratio: figure,
  due: z.object({ rows: z.number(), moves: z.number() }).nullable(),
  due_as_of: time,
  refusals: z.array(z.string()),
  last_run: z
    .object({
      job: z.string(),
      state: z.string(),
      started_at: time,
      finished_at: time,
      rows_moved: z.number(),
      bytes_written: z.number(),
      rows_again: z.number(),
      rows_changed: z.number(),
      error_code: error,
      error_message: error,
    })
    .nullable(),
});

const source = z.object({
  source: z.string(),
  dataset: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  backlog_entries: figure,
  backlog_keys: figure,
  as_of: time,
  error,
  last_problem: error,
  last_problem_at: time,
  entries: z.number(),
  rows_written: z.number(),
  dead_letters_waiting: z.number(),
  lost: z.number(),
  repeated: z.number(),
  same_key: z.number(),
  lag_seconds: figure,
  last_batch_at: time,
});

const names = z.array(z.string());

/** A sum leaves out `missing`; of `stale` it has the figures of an earlier look. */
const totals = z.object({
  hot: z.object({
    rows: figure,
    rows_are_estimated: z.boolean(),
    bytes: figure,
    missing: names,
    stale: names,
  }),
  waiting: z.object({ entries: figure, missing: names }),
});

export const surveySchema = z.object({
  taken_at: time,
  took_ms: z.number(),
  error,
  hot: z.object({
    reachable: z.boolean(),
    error,
    version: z.string().nullable(),
    timescale: z.string().nullable(),
    database_bytes: figure,
    connections: figure,
    max_connections: figure,
    in_recovery: z.boolean().nullable(),
    oldest_transaction_seconds: figure,
  }),
  live: z
    .object({
      reachable: z.boolean(),
      error,
      place: z.string().nullable(),
      servers: z.array(liveServer),
      warnings: z.array(z.string()),
    })
    .nullable(),
  cold: z.object({
    place: z.string(),
    error,
    free_bytes: figure,
    min_free_bytes: z.number(),
    segments: figure,
    rows: figure,
    bytes: figure,
    retired_bytes: figure,
  }),
  totals,
  datasets: z.array(dataset),
  sources: z.array(source),
  dead_letters_waiting: figure,
});

export type SurveyDocument = z.output<typeof surveySchema>;

export function surveyDocument(survey: Survey): SurveyDocument {
  const { hot, live, cold } = survey;
  return {
    taken_at: iso(survey.takenAt),
    took_ms: survey.tookMs,
    error: survey.error,
    hot: {
      reachable: hot.reachable,
      error: hot.error,
      version: hot.version,
      timescale: hot.timescale,
      database_bytes: hot.databaseBytes,
      connections: hot.connections,
      max_connections: hot.maxConnections,
      in_recovery: hot.inRecovery,
      oldest_transaction_seconds: hot.oldestTransactionSeconds,
    },
    live:
      live === null
        ? null
        : {
            reachable: live.reachable,
            error: live.error,
            place: live.place,
            servers: live.servers.map(serverDocument),
            warnings: [...live.warnings],
          },
    cold: {
      place: cold.place,
      error: cold.error,
      free_bytes: cold.freeBytes,
      min_free_bytes: cold.minFreeBytes,
      segments: cold.segments,
      rows: cold.rows,
      bytes: cold.bytes,
      retired_bytes: cold.retiredBytes,
    },
    totals: totalsDocument(survey),
    datasets: survey.datasets.map(datasetDocument),
    sources: survey.sources.map(sourceDocument),
    dead_letters_waiting: survey.deadLettersWaiting,
  };
}

function totalsDocument({ datasets, sources }: Survey): z.output<typeof totals> {
  const hot = hotTotalsOf(datasets);
  const waiting = waitingTotalsOf(sources);
  return {
    hot: {
      rows: hot.rows,
      rows_are_estimated: hot.rowsAreEstimated,
      bytes: hot.bytes,
      missing: [...hot.missing],
      stale: [...hot.stale],
    },
    waiting: { entries: waiting.entries, missing: [...waiting.missing] },
  };
}

/** What `tierd status` tells of a server of the live store, too. */
export function liveServerFigures(
  health: LiveHealth,
): Omit<z.output<typeof liveServer>, 'aof_enabled' | 'aof_ok' | 'rdb_ok'> {
  return {
    server: health.server,
    product: health.product,
    version: health.version,
    role: health.role,
    keys: health.keys,
    used_bytes: health.usedBytes,
    max_bytes: health.maxBytes,
    eviction_policy: health.evictionPolicy,
    fragmentation: health.fragmentation,
    hit_ratio: health.hitRatio,
    ops_per_second: health.opsPerSecond,
    latency_ms: health.latencyMs,
    clients: health.clients,
    evicted_keys: health.evictedKeys,
    expired_keys: health.expiredKeys,
  };
}

function serverDocument(health: LiveHealth): z.output<typeof liveServer> {
  return {
    ...liveServerFigures(health),
    aof_enabled: health.aof.enabled,
    aof_ok: health.aof.ok,
    rdb_ok: health.rdb.ok,
  };
}

function datasetDocument(survey: DatasetSurvey): z.output<typeof dataset> {
  const { hot, cold, lastRun } = survey;
  return {
    dataset: survey.dataset,
    table: survey.table,
    kind: survey.kind,
    error: survey.error,
    as_of: iso(survey.asOf),
    hot: {
      rows: hot.rows,
      rows_are_estimated: hot.rowsAreEstimated,
      bytes: hot.bytes,
      oldest: iso(hot.oldest),
      newest: iso(hot.newest),
    },
    cold: {
      segments: cold.segments,
      rows: cold.rows,
      bytes: cold.bytes,
      oldest: iso(cold.oldest),
      newest: iso(cold.newest),
      bad_segments: cold.badSegments,
    },
    ratio: survey.ratio,
    due: survey.due,
    due_as_of: iso(survey.dueAsOf),
    refusals: [...survey.refusals],
    last_run:
      lastRun === null
        ? null
        : {
            job: lastRun.job,
            state: lastRun.state,
            started_at: lastRun.startedAt,
            finished_at: lastRun.finishedAt,
            rows_moved: lastRun.rowsMoved,
            bytes_written: lastRun.bytesWritten,
            rows_again: lastRun.rowsAgain,
            rows_changed: lastRun.rowsChanged,
            error_code: lastRun.errorCode,
            error_message: lastRun.errorMessage,
          },
  };
}

function sourceDocument(survey: SourceSurvey): z.output<typeof source> {
  return {
    source: survey.source,
    dataset: survey.dataset,
    kind: survey.kind,
    enabled: survey.enabled,
    backlog_entries: survey.backlogEntries,
    backlog_keys: survey.backlogKeys,
    as_of: iso(survey.asOf),
    error: survey.error,
    last_problem: survey.lastProblem,
    last_problem_at: survey.lastProblemAt,
    entries: survey.entries,
    rows_written: survey.rowsWritten,
    dead_letters_waiting: survey.deadLettersWaiting,
    lost: survey.lost,
    repeated: survey.repeated,
    same_key: survey.sameKey,
    lag_seconds: survey.lagSeconds,
    last_batch_at: survey.lastBatchAt,
  };
}
