/** What came of a deletion. */
import type { TierdError } from '../../domain/errors.ts';
import type { DeletionPlan, ThinnedSlice } from '../../domain/plan/deletion.ts';
import type { Changes } from '../changes-end.ts';
import type { ThinnedResult } from './rooms.ts';

export interface DeletionTotals {
  readonly deleted: ThinnedResult[];
  /** Slices that were left alone, and are as they were. */
  readonly failed: { readonly planned: ThinnedSlice; readonly error: TierdError }[];
  /** Files that were removed at once: those of this run, and of earlier ones. */
  removed: number;
}

export interface DeletionOutcome {
  readonly plan: DeletionPlan;
  readonly totals: DeletionTotals;
}

export const changesOf = ({ deleted, failed }: DeletionTotals): Changes => ({
  done: deleted,
  failed,
});
