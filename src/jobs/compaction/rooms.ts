/** What a compaction is given beside a rotation's rooms, and what it says of itself while it runs. */
import type { CompactionPlan, PlannedMerge } from '../../domain/plan/compaction.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import type { JobRooms } from '../rotation/rooms.ts';

export interface CompactionRooms extends JobRooms {
  readonly tell: (event: CompactionEvent) => void;
}

export interface MergeResult {
  readonly planned: PlannedMerge;
  /** What the slices have become. */
  readonly segments: number;
  readonly bytes: number;
  /** Of the sum of the slices' fingerprints, which the new segments were found to have. */
  readonly rowHash: string;
}

export type CompactionEvent = { readonly dataset: string } & (
  | { readonly kind: 'planned'; readonly plan: CompactionPlan }
  | { readonly kind: 'merged'; readonly result: MergeResult }
  | { readonly kind: 'failed'; readonly range: TimeRange; readonly reason: string }
);
