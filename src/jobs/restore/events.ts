/** What a restore says of itself while it runs: for the progress bar and the log. */
import type { PlannedSlice, RestorePlan } from '../../domain/plan/restore-plan.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';

export interface RestoredSlice {
  readonly planned: PlannedSlice;
  /** Of the fingerprint in the lake, which the rows were found to have; null where the reply to COMMIT was lost. */
  readonly rowHash: string | null;
}

export type RestoreEvent = { readonly dataset: string } & (
  | { readonly kind: 'planned'; readonly plan: RestorePlan }
  | { readonly kind: 'copied'; readonly rows: number }
  | { readonly kind: 'restored'; readonly result: RestoredSlice; readonly plan: RestorePlan }
  | { readonly kind: 'failed'; readonly range: TimeRange; readonly reason: string }
);
