/** Runs the planned merges one after the other, oldest first. */

import type { ErrorCode, TierdError } from '../../domain/errors.ts';
import type { CompactionPlan, PlannedMerge } from '../../domain/plan/compaction.ts';
import { removeStaging } from '../../lake/staging.ts';
import { asTierdError, stopIfAborted } from '../job-failure.ts';
import { settleMove } from '../rotation/move/settle-move.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import { finishMerge, type StagedMerge, stageMerge } from './merge-slices.ts';
import type { CompactionRooms, MergeResult } from './rooms.ts';

export interface CompactionTotals {
  readonly merged: MergeResult[];
  /** Merges that were left alone; their slices are as they were. */
  readonly failed: { readonly planned: PlannedMerge; readonly error: TierdError }[];
}

/** What concerns these slices alone: the others go on, and the run ends as partly done. */
const SKIPPABLE: ReadonlySet<ErrorCode> = new Set([
  'VERIFY_MISMATCH',
  'OBJECT_MISSING',
  'LAKE_UNREADABLE',
  'SEGMENT_UNREADABLE',
]);

/** `totals` grows as merges commit, so that it is right whenever this throws. */
export async function mergeAll(
  rooms: CompactionRooms,
  run: RunContext,
  plan: CompactionPlan,
  totals: CompactionTotals,
): Promise<void> {
  const dataset = run.dataset.name;
  for (const planned of plan.merges) {
    stopIfAborted(run.signal);
    const error = await tryOne(rooms, run, planned, totals);
    if (error === null) continue;
    stopIfAborted(run.signal);
    if (!SKIPPABLE.has(error.code)) throw error;
    totals.failed.push({ planned, error });
    rooms.tell({ kind: 'failed', dataset, range: planned.range, reason: error.message });
  }
}

/** Null when the slices are merged, else why they are not. */
async function tryOne(
  rooms: CompactionRooms,
  run: RunContext,
  planned: PlannedMerge,
  totals: CompactionTotals,
): Promise<TierdError | null> {
  const id = rooms.newId();
  let staged: StagedMerge | null = null;
  let afterwards: TierdError | null = null;
  try {
    staged = await stageMerge(rooms, run, planned, id);
    await finishMerge(rooms, run, staged);
    await removeStaging(rooms.fileSystem, rooms.store.stagingRoot, id);
  } catch (error) {
    const failure = asTierdError(error);
    // Committed after all: the reply to COMMIT was lost, and the ledger says it took effect (I9).
    const settled = await settleMove(rooms, run, id);
    if (settled !== 'committed' || staged === null) return failure;
    if (failure.code === 'STANDBY_SILENT') afterwards = failure;
  }
  const result = resultOf(planned, staged);
  totals.merged.push(result);
  rooms.tell({ kind: 'merged', dataset: run.dataset.name, result });
  // The next one would wait as long, for nothing.
  if (afterwards !== null) throw afterwards;
  return null;
}

function resultOf(planned: PlannedMerge, { merged }: StagedMerge): MergeResult {
  return {
    planned,
    segments: merged.segments.length,
    bytes: merged.segments.reduce((sum, { bytes }) => sum + bytes, 0),
    rowHash: merged.fingerprint.rowHash,
  };
}
