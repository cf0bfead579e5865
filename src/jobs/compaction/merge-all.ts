/** Runs the planned merges one after the other, oldest first. */

import type { TierdError } from '../../domain/errors.ts';
import type { CompactionPlan, PlannedMerge } from '../../domain/plan/compaction.ts';
import { changeEach } from '../change-each.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import { finishMerge, type StagedMerge, stageMerge } from './merge-slices.ts';
import type { CompactionRooms, MergeResult } from './rooms.ts';

export interface CompactionTotals {
  readonly merged: MergeResult[];
  /** Merges that were left alone; their slices are as they were. */
  readonly failed: { readonly planned: PlannedMerge; readonly error: TierdError }[];
}

/** `totals` grows as merges commit, so that it is right whenever this throws. */
export async function mergeAll(
  rooms: CompactionRooms,
  run: RunContext,
  plan: CompactionPlan,
  totals: CompactionTotals,
): Promise<void> {
  const dataset = run.dataset.name;
  await changeEach<PlannedMerge, StagedMerge>(rooms, run, plan.merges, {
    stage: (planned, id) => stageMerge(rooms, run, planned, id),
    finish: (staged) => finishMerge(rooms, run, staged),
    done: (planned, staged) => {
      const result = resultOf(planned, staged);
      totals.merged.push(result);
      rooms.tell({ kind: 'merged', dataset, result });
    },
    failed: (planned, error) => {
      totals.failed.push({ planned, error });
      rooms.tell({ kind: 'failed', dataset, range: planned.range, reason: error.message });
    },
  });
}

function resultOf(planned: PlannedMerge, { merged }: StagedMerge): MergeResult {
  return {
    planned,
    segments: merged.segments.length,
    bytes: merged.segments.reduce((sum, { bytes }) => sum + bytes, 0),
    rowHash: merged.fingerprint.rowHash,
  };
}
