/** What a correction is given, and what it says of itself while it runs. */
import type { CorrectionPlan } from '../../domain/plan/correction.ts';
import type { JobRooms } from '../rotation/rooms.ts';

export interface CorrectionRequest {
  /** Absolute; `.csv`, `.ndjson`, `.jsonl` or `.parquet`. */
  readonly file: string;
  readonly reason: string;
  /** Rows whose key the lake has not are left out. */
  readonly onlyKnown: boolean;
}

export interface CorrectionRooms extends JobRooms {
  readonly tell: (event: CorrectionEvent) => void;
}

export type CorrectionEvent = { readonly dataset: string } & (
  | { readonly kind: 'planned'; readonly plan: CorrectionPlan }
  | { readonly kind: 'corrected'; readonly plan: CorrectionPlan; readonly segments: number }
);
