/** The figures of a survey that Prometheus is told, by what they are of. */
import type { LiveHealth } from '../domain/live/live-health.ts';
import type { BackupSurvey, DatasetSurvey, Survey } from '../domain/survey/survey.ts';
import { hotTotalsOf, waitingTotalsOf } from '../domain/survey/survey-totals.ts';
import type { EpochMs } from '../domain/time/time-range.ts';

export interface Figure<Of> {
  readonly name: string;
  readonly help: string;
  /** It only grows; its name ends in `_total`. */
  readonly isCounter?: true;
  /** Null is told by leaving the figure out. */
  readonly read: (of: Of) => number | boolean | null;
}

const seconds = (ms: EpochMs | null): number | null => (ms === null ? null : ms / 1000);
const secondsAt = (time: string | null): number | null =>
  time === null ? null : seconds(Date.parse(time));

export const STORES: readonly Figure<Survey>[] = [
  {
    name: 'tierd_survey_timestamp_seconds',
    help: 'When the stores were looked at last.',
    read: ({ takenAt }) => seconds(takenAt),
  },
  {
    name: 'tierd_survey_duration_seconds',
    help: 'How long that took.',
    read: ({ tookMs }) => tookMs / 1000,
  },
  {
    name: 'tierd_survey_ok',
    help: '0 while something could not be looked at; its figures are those of before.',
    read: ({ error }) => error === null,
  },
  {
    name: 'tierd_survey_missing_datasets',
    help: 'Datasets whose rows were never counted: sums over datasets lack them.',
    read: ({ datasets }) => hotTotalsOf(datasets).missing.length,
  },
  {
    name: 'tierd_survey_missing_sources',
    help: 'Sources whose backlog is not known: sums over sources lack them.',
    read: ({ sources }) => waitingTotalsOf(sources).missing.length,
  },
  {
    name: 'tierd_hot_up',
    help: '1 while PostgreSQL answers.',
    read: ({ hot }) => hot.reachable,
  },
  {
    name: 'tierd_hot_database_bytes',
    help: 'Size of the database.',
    read: ({ hot }) => hot.databaseBytes,
  },
  {
    name: 'tierd_hot_connections',
    help: 'Connections of all clients to the server.',
    read: ({ hot }) => hot.connections,
  },
  {
    name: 'tierd_hot_max_connections',
    help: 'How many the server takes.',
    read: ({ hot }) => hot.maxConnections,
  },
  {
    name: 'tierd_hot_in_recovery',
    help: '1 while the server is a standby: nothing can be moved.',
    read: ({ hot }) => hot.inRecovery,
  },
  {
    name: 'tierd_hot_oldest_transaction_seconds',
    help: 'Age of the oldest open transaction: it keeps vacuum from removing rows.',
    // None at all is a good figure, not a missing one.
    read: ({ hot }) => hot.oldestTransactionSeconds ?? (hot.reachable ? 0 : null),
  },
  {
    name: 'tierd_hot_lock_waiters',
    help: 'Sessions that wait for a lock: tierd inspect locks says for whose.',
    read: ({ hot }) => hot.lockWaiters,
  },
  {
    name: 'tierd_hot_slot_wal_bytes',
    help: 'WAL that the replication slot keeps which keeps the most.',
    read: ({ hot }) => hot.slotWalBytes,
  },
  {
    name: 'tierd_hot_frozen_age',
    help: 'Transactions since the oldest that is not frozen; the server stops at 2 billion.',
    read: ({ hot }) => hot.frozenAge,
  },
  {
    name: 'tierd_live_up',
    help: '1 while Redis answers; absent where none is configured.',
    read: ({ live }) => live?.reachable ?? null,
  },
  {
    name: 'tierd_live_warnings',
    help: 'Things that can take entries away before they are drained; /status has them in words.',
    read: ({ live }) => live?.warnings.length ?? null,
  },
  {
    name: 'tierd_lake_up',
    help: '1 while the lake is there, the ledger’s own, and can be written, as far as a look shows.',
    read: ({ cold }) => cold.error === null,
  },
  {
    name: 'tierd_lake_free_bytes',
    help: 'Free on the disk of the lake; absent while the lake is away.',
    read: ({ cold }) => cold.freeBytes,
  },
  {
    name: 'tierd_lake_min_free_bytes',
    help: 'lake.min_free: rotations refuse to leave less.',
    read: ({ cold }) => cold.minFreeBytes,
  },
  {
    name: 'tierd_lake_retired_bytes',
    help: 'Of segments that were replaced and are not yet removed.',
    read: ({ cold }) => cold.retiredBytes,
  },
];

export const BACKUPS: readonly Figure<BackupSurvey>[] = [
  {
    name: 'tierd_backup_last_success_timestamp_seconds',
    help: 'When the last good run of this kind of `tierd backup` ended; absent of a kind that never had one.',
    read: ({ finishedAt }) => seconds(finishedAt),
  },
  {
    name: 'tierd_backup_last_bytes',
    help: 'Of all that its backup consists of, or that it read.',
    read: ({ bytes }) => bytes,
  },
];

export const SERVERS: readonly Figure<LiveHealth>[] = [
  { name: 'tierd_live_keys', help: 'Keys in Redis.', read: ({ keys }) => keys },
  {
    name: 'tierd_live_used_bytes',
    help: 'Memory that Redis uses.',
    read: ({ usedBytes }) => usedBytes,
  },
  {
    name: 'tierd_live_max_bytes',
    help: 'Memory that Redis may use; 0 is no limit.',
    read: ({ maxBytes }) => maxBytes,
  },
  {
    name: 'tierd_live_fragmentation_ratio',
    help: 'Resident memory for each byte used.',
    read: ({ fragmentation }) => fragmentation,
  },
  {
    name: 'tierd_live_hit_ratio',
    help: 'Of all look-ups since Redis was started.',
    read: ({ hitRatio }) => hitRatio,
  },
  {
    name: 'tierd_live_commands_per_second',
    help: 'Commands that Redis runs now.',
    read: ({ opsPerSecond }) => opsPerSecond,
  },
  {
    name: 'tierd_live_latency_seconds',
    help: 'Median of a few PINGs.',
    read: ({ latencyMs }) => latencyMs / 1000,
  },
  { name: 'tierd_live_clients', help: 'Connected clients.', read: ({ clients }) => clients },
  {
    name: 'tierd_live_evicted_keys_total',
    help: 'Keys that were evicted because memory was full.',
    isCounter: true,
    read: ({ evictedKeys }) => evictedKeys,
  },
  {
    name: 'tierd_live_expired_keys_total',
    help: 'Keys whose time to live ran out.',
    isCounter: true,
    read: ({ expiredKeys }) => expiredKeys,
  },
  {
    name: 'tierd_live_persistence_ok',
    help: '0 after a write of the append-only file or a snapshot that failed.',
    read: ({ aof, rdb }) => aof.ok && rdb.ok,
  },
];

export const DATASETS: readonly Figure<DatasetSurvey>[] = [
  {
    name: 'tierd_dataset_ok',
    help: '0 while its table could not be looked at.',
    read: ({ error }) => error === null,
  },
  {
    name: 'tierd_dataset_hot_rows',
    help: 'Rows in PostgreSQL; of large tables the estimate of the planner.',
    read: ({ hot }) => hot.rows,
  },
  {
    name: 'tierd_dataset_hot_bytes',
    help: 'Table, indexes and TOAST in PostgreSQL.',
    read: ({ hot }) => hot.bytes,
  },
  {
    name: 'tierd_dataset_hot_oldest_timestamp_seconds',
    help: 'Time of the oldest row in PostgreSQL.',
    read: ({ hot }) => seconds(hot.oldest),
  },
  {
    name: 'tierd_dataset_hot_newest_timestamp_seconds',
    help: 'Time of the newest row in PostgreSQL.',
    read: ({ hot }) => seconds(hot.newest),
  },
  {
    name: 'tierd_dataset_cold_segments',
    help: 'Live segments in the lake.',
    read: ({ cold }) => cold.segments,
  },
  { name: 'tierd_dataset_cold_rows', help: 'Rows in the lake.', read: ({ cold }) => cold.rows },
  { name: 'tierd_dataset_cold_bytes', help: 'Bytes in the lake.', read: ({ cold }) => cold.bytes },
  {
    name: 'tierd_dataset_cold_newest_timestamp_seconds',
    help: 'Time of the newest row in the lake.',
    read: ({ cold }) => seconds(cold.newest),
  },
  {
    name: 'tierd_dataset_bad_segments',
    help: 'Segments that the last scrub found missing or altered.',
    read: ({ cold }) => cold.badSegments,
  },
  {
    name: 'tierd_dataset_never_scrubbed_segments',
    help: 'Live segments that no scrub has read yet.',
    read: ({ care }) => care?.scrubs.never ?? null,
  },
  {
    name: 'tierd_dataset_oldest_scrub_timestamp_seconds',
    help: 'Of its live segments that were ever scrubbed: when the one was for which that is longest ago.',
    read: ({ care }) => seconds(care?.scrubs.oldest ?? null),
  },
  {
    name: 'tierd_dataset_small_segments',
    help: 'Live segments that a compaction would merge.',
    read: ({ care }) => care?.compaction.segments ?? null,
  },
  {
    name: 'tierd_dataset_expiring_rows',
    help: 'Cold rows that an expiry would take within 30 days, at most; absent where nothing ever expires.',
    read: ({ care }) => care?.expiring?.rows ?? null,
  },
  {
    name: 'tierd_dataset_holds',
    help: 'Holds that keep some of it in the lake.',
    read: ({ care }) => care?.holds.length ?? null,
  },
  {
    name: 'tierd_dataset_audit_entries',
    help: 'Entries of its chain of the audit log.',
    read: ({ care }) => care?.auditHead?.number ?? null,
  },
  {
    name: 'tierd_dataset_due_rows',
    help: 'Rows that the next rotation would move, measured within the last hour.',
    read: ({ due }) => due?.rows ?? null,
  },
  {
    name: 'tierd_dataset_refusals',
    help: 'Guards that would refuse the next rotation.',
    read: ({ dueAsOf, refusals }) => (dueAsOf === null ? null : refusals.length),
  },
  {
    name: 'tierd_dataset_last_run_ok',
    help: '1 when its last rotation was done to its end.',
    read: ({ lastRun }) =>
      lastRun === null || lastRun.state === 'running' ? null : lastRun.state === 'done',
  },
  {
    name: 'tierd_dataset_last_run_timestamp_seconds',
    help: 'When its last rotation ended.',
    read: ({ lastRun }) => secondsAt(lastRun?.finishedAt ?? null),
  },
];
