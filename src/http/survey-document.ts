/** What the stores hold, as `/status` shows it. */

import type { LiveHealth } from '../domain/live/live-health.ts';
import type { PartitionsLook } from '../domain/plan/partition-plan.ts';
import type { LakeCare } from '../domain/survey/lake-care.ts';
import type { DatasetSurvey, SourceSurvey, Survey } from '../domain/survey/survey.ts';
import { hotTotalsOf, waitingTotalsOf } from '../domain/survey/survey-totals.ts';
import type { SurveyDocument } from './survey-schema.ts';
import { iso } from './time.ts';

type ServerDocument = NonNullable<SurveyDocument['live']>['servers'][number];

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
      lock_waiters: hot.lockWaiters,
      slot_wal_bytes: hot.slotWalBytes,
      frozen_age: hot.frozenAge,
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
    backups:
      survey.backups?.map(({ kind, finishedAt, backup, bytes }) => ({
        kind,
        finished_at: iso(finishedAt),
        backup,
        bytes,
      })) ?? null,
  };
}

function totalsDocument({ datasets, sources }: Survey): SurveyDocument['totals'] {
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
): Omit<ServerDocument, 'aof_enabled' | 'aof_ok' | 'rdb_ok'> {
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

function serverDocument(health: LiveHealth): ServerDocument {
  return {
    ...liveServerFigures(health),
    aof_enabled: health.aof.enabled,
    aof_ok: health.aof.ok,
    rdb_ok: health.rdb.ok,
  };
}

function datasetDocument(survey: DatasetSurvey): SurveyDocument['datasets'][number] {
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
    partitions: survey.partitions === null ? null : partitionsDocument(survey.partitions),
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
    care: survey.care === null ? null : careDocument(survey.care),
  };
}

/** What `tierd status` tells of them, too. Of partitions without an end there is no time that they reach to. */
export function partitionsDocument({
  reach,
  short,
  defaultRows,
}: PartitionsLook): NonNullable<SurveyDocument['datasets'][number]['partitions']> {
  const isEndless = reach !== null && !Number.isFinite(reach);
  return { reach: isEndless ? null : iso(reach), short, default_rows: defaultRows };
}

/** What `tierd status` tells of it, too. */
export function careDocument({
  compaction,
  expiring,
  holds,
  scrubs,
  auditHead,
}: LakeCare): NonNullable<SurveyDocument['datasets'][number]['care']> {
  return {
    compaction: {
      segments: compaction.segments,
      segments_after: compaction.segmentsAfter,
      bytes: compaction.bytes,
    },
    expiring:
      expiring === null
        ? null
        : {
            within_days: expiring.withinDays,
            rows: expiring.rows,
            rows_are_at_most: expiring.isAtMost,
            slices: expiring.slices,
          },
    holds: holds.map(({ id, range, until, reason }) => ({
      id,
      from: iso(range?.fromInclusive ?? null),
      to: iso(range?.toExclusive ?? null),
      until: iso(until),
      reason,
    })),
    scrubs: { oldest: iso(scrubs.oldest), newest: iso(scrubs.newest), never: scrubs.never },
    audit_head: auditHead,
  };
}

function sourceDocument(survey: SourceSurvey): SurveyDocument['sources'][number] {
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
