/** What came of a compaction. */
import type { CompactionPlan } from '../../domain/plan/compaction.ts';
import type { Changes } from '../changes-end.ts';
import type { CompactionTotals } from './merge-all.ts';

export interface CompactionOutcome {
  readonly plan: CompactionPlan;
  readonly totals: CompactionTotals;
}

export const changesOf = ({ merged, failed }: CompactionTotals): Changes => ({
  done: merged,
  failed,
});
