/** What a drain says of itself while it runs: for the progress bar, the log and the daemon. */
import type { TierdError } from '../../domain/errors.ts';
import type { LiveProblem } from '../../domain/live/live-entry.ts';
import type { BatchResult } from './batch-result.ts';

export type DrainEvent = { readonly source: string } & (
  | { readonly kind: 'committed'; readonly result: BatchResult }
  | { readonly kind: 'problem'; readonly problem: LiveProblem }
  /** The first entries look as if the source said something wrong of them. */
  | { readonly kind: 'doubt'; readonly note: string }
  /** Entries of a stream, from before the mark up to which it was drained. */
  | { readonly kind: 'came-again'; readonly note: string }
  /** Trimmed away before anybody had acknowledged them: nobody has them any more. */
  | { readonly kind: 'lost'; readonly key: string; readonly count: number }
  /** Taken away by somebody before all of it was drained; `position` entries of it are committed. */
  | {
      readonly kind: 'claim-gone';
      readonly key: string;
      readonly claim: string;
      readonly position: number;
    }
  | {
      readonly kind: 'retrying';
      readonly attempt: number;
      /** Whole milliseconds. */
      readonly delayMs: number;
      readonly error: TierdError;
    }
  | { readonly kind: 'pass'; readonly batches: number }
  /** Its dataset is paused: it waits until somebody resumes it. */
  | { readonly kind: 'paused'; readonly reason: string }
  | { readonly kind: 'resumed' }
  /** It can't run, and is not tried again, until a person has done something. */
  | { readonly kind: 'stopped'; readonly error: TierdError }
);
