/** What a rotation says of itself while it runs: for the progress bar, the log and the daemon. */
import type { RotationPlan } from '../../domain/plan/plan.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import type { MoveResult, Recovered } from './outcome.ts';

export type RotationEvent = { readonly dataset: string } & (
  | { readonly kind: 'recovered'; readonly recovered: Recovered }
  | { readonly kind: 'planned'; readonly plan: RotationPlan }
  | { readonly kind: 'exported'; readonly rows: number }
  | { readonly kind: 'step'; readonly range: TimeRange; readonly step: RotationStep }
  | {
      readonly kind: 'retrying';
      readonly range: TimeRange;
      readonly attempt: number;
      readonly reason: string;
    }
  | { readonly kind: 'moved'; readonly result: MoveResult }
  | { readonly kind: 'failed'; readonly range: TimeRange; readonly reason: string }
  | { readonly kind: 'vacuumed'; readonly warnings: readonly string[] }
);

export type RotationStep = 'publish' | 'verify' | 'commit';
