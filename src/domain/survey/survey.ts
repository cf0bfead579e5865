/** What the stores hold, as it was last looked at: figures that are cheap to have, not exact ones. */

import type { SourceKind } from '../live/live-entry.ts';
import type { LiveHealth } from '../live/live-health.ts';
import type { PartitionsLook } from '../plan/partition-plan.ts';
import type { TableKind } from '../table.ts';
import type { EpochMs } from '../time/time-range.ts';
import type { LakeCare } from './lake-care.ts';

export interface Survey {
  readonly takenAt: EpochMs;
  readonly tookMs: number;
  /** The first thing that could not be looked at. Its figures are those of the last time. */
  readonly error: string | null;
  readonly hot: HotSurvey;
  /** Null where no live store is configured. */
  readonly live: LiveSurvey | null;
  readonly cold: ColdSurvey;
  readonly datasets: readonly DatasetSurvey[];
  readonly sources: readonly SourceSurvey[];
  /** Of all sources, those that are no longer configured included. */
  readonly deadLettersWaiting: number | null;
  /** Null where no backups are configured, or the ledger was never seen. */
  readonly backups: readonly BackupSurvey[] | null;
}

/** The last good run of a kind that had one. */
export interface BackupSurvey {
  readonly kind: string;
  readonly finishedAt: EpochMs;
  /** The backup that was made, or tried. */
  readonly backup: string | null;
  readonly bytes: number | null;
}

/** Null is what was never seen, or what this role may not see. */
export interface HotSurvey {
  readonly reachable: boolean;
  readonly error: string | null;
  readonly version: string | null;
  readonly timescale: string | null;
  readonly databaseBytes: number | null;
  /** Of all clients of the server. */
  readonly connections: number | null;
  readonly maxConnections: number | null;
  readonly inRecovery: boolean | null;
  readonly oldestTransactionSeconds: number | null;
  readonly lockWaiters: number | null;
  readonly slotWalBytes: number | null;
  readonly frozenAge: number | null;
}

export interface LiveSurvey {
  readonly reachable: boolean;
  readonly error: string | null;
  readonly place: string | null;
  readonly servers: readonly LiveHealth[];
  /** What can take entries away before they are drained, in words. */
  readonly warnings: readonly string[];
}

export interface ColdSurvey {
  readonly place: string;
  /** Why no rotation would use it: it is away, can't be written, or is another ledger's. */
  readonly error: string | null;
  /** Null while it has an error: the disk in its place may be another. */
  readonly freeBytes: number | null;
  /** Below it a rotation refuses. */
  readonly minFreeBytes: number;
  readonly segments: number | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  /** Of segments that were replaced and are not yet removed. */
  readonly retiredBytes: number | null;
}

export interface DatasetSurvey {
  readonly dataset: string;
  readonly table: string;
  readonly kind: TableKind | null;
  readonly error: string | null;
  /** When the figures of the hot store were taken. */
  readonly asOf: EpochMs | null;
  readonly hot: HotSide;
  readonly cold: ColdSide;
  /** How many times smaller a row is in the lake; null until both have rows to compare. */
  readonly ratio: number | null;
  readonly due: { readonly rows: number; readonly moves: number } | null;
  readonly dueAsOf: EpochMs | null;
  /** Guards that would refuse the next run, as of `dueAsOf`. */
  readonly refusals: readonly string[];
  readonly lastRun: RunSurvey | null;
  /** Null where partitions are not made ahead, or were not looked at. */
  readonly partitions: PartitionsLook | null;
  /** Null until it was looked at. */
  readonly care: LakeCare | null;
}

export interface HotSide {
  readonly rows: number | null;
  readonly rowsAreEstimated: boolean;
  readonly bytes: number | null;
  readonly oldest: EpochMs | null;
  readonly newest: EpochMs | null;
}

export interface ColdSide {
  readonly segments: number;
  readonly rows: number;
  readonly bytes: number;
  readonly oldest: EpochMs | null;
  readonly newest: EpochMs | null;
  /** Segments that the last scrub found missing or altered. */
  readonly badSegments: number;
}

export interface RunSurvey {
  readonly job: string;
  readonly state: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly rowsMoved: number;
  readonly bytesWritten: number;
  /** Late rows whose key the lake had, and those of them with other values. */
  readonly rowsAgain: number;
  readonly rowsChanged: number;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

export interface SourceSurvey {
  readonly source: string;
  readonly dataset: string;
  readonly kind: SourceKind;
  readonly enabled: boolean;
  readonly backlogEntries: number | null;
  readonly backlogKeys: number | null;
  /** When the backlog was counted. */
  readonly asOf: EpochMs | null;
  /** Since when, as far as was seen, something has been waiting all the time. */
  readonly waitingSince: EpochMs | null;
  /** Why it could not start, or not be looked at. */
  readonly error: string | null;
  /** What kept it from running last, which may be over: see `lastProblemAt` and `lastBatchAt`. */
  readonly lastProblem: string | null;
  readonly lastProblemAt: string | null;
  readonly entries: number;
  readonly rowsWritten: number;
  readonly deadLettersWaiting: number;
  readonly lost: number;
  readonly repeated: number;
  /** Entries that share the key of another's row. */
  readonly sameKey: number;
  readonly lagSeconds: number | null;
  readonly lastBatchAt: string | null;
}

export const UNSEEN_HOT: HotSide = {
  rows: null,
  rowsAreEstimated: false,
  bytes: null,
  oldest: null,
  newest: null,
};

export const NOTHING_COLD: ColdSide = {
  segments: 0,
  rows: 0,
  bytes: 0,
  oldest: null,
  newest: null,
  badSegments: 0,
};

/** Below this the empty pages of a table and of its indexes, and the footer of a segment, weigh more than the rows. */
const LEAST_TO_COMPARE = 1000;

/** How many times smaller a row is in the lake than in the hot store; null until both have rows to compare. */
export function ratioOf(
  hot: { readonly rows: number | null; readonly bytes: number | null },
  cold: { readonly rows: number; readonly bytes: number },
): number | null {
  if (hot.rows === null || hot.bytes === null || hot.rows < LEAST_TO_COMPARE) return null;
  if (cold.rows < LEAST_TO_COMPARE) return null;
  return hot.bytes / hot.rows / (cold.bytes / cold.rows);
}

/**
 * How long entries have waited while nothing was drained: since the last batch, or since they were
 * first seen waiting when that is later. 0 where nothing waits. Null where it can't be known, and of
 * a snapshot source, whose keys stay where they are.
 */
export function lagOf(
  source: Pick<
    SourceSurvey,
    'kind' | 'enabled' | 'backlogEntries' | 'waitingSince' | 'lastBatchAt'
  >,
  now: EpochMs,
): number | null {
  const { backlogEntries, waitingSince, lastBatchAt } = source;
  if (source.kind === 'snapshot' || !source.enabled || backlogEntries === null) return null;
  if (backlogEntries === 0) return 0;
  const lastBatch = lastBatchAt === null ? Number.NEGATIVE_INFINITY : Date.parse(lastBatchAt);
  const since = Math.max(lastBatch, waitingSince ?? now);
  return Math.max(0, (now - since) / 1000);
}
