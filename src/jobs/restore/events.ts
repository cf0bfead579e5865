/** What a restore says of itself while it runs: for the progress bar and the log. */
import type { RestorePlan } from '../../domain/restore-plan.ts';
import type { TimeRange } from '../../domain/time-range.ts';
import type { RestoredSlice } from './rooms.ts';

export type RestoreEvent = { readonly dataset: string } & (
  | { readonly kind: 'planned'; readonly plan: RestorePlan }
  | { readonly kind: 'copied'; readonly rows: number }
  | { readonly kind: 'restored'; readonly result: RestoredSlice; readonly plan: RestorePlan }
  | { readonly kind: 'failed'; readonly range: TimeRange; readonly reason: string }
);
