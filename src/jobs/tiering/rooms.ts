/** What sending segments far is given beside a rotation's rooms, and what it says of itself while it runs. */
import type { TieringPlan } from '../../domain/plan/tiering.ts';
import type { CopyTarget } from '../lake-copy/rooms.ts';
import type { JobRooms } from '../rotation/rooms.ts';

export interface TieringRooms extends JobRooms {
  /** Of the far place, which is the store's. */
  readonly farDisk: Omit<CopyTarget, 'store'>;
  readonly tell: (event: TieringEvent) => void;
}

export type TieringEvent = { readonly dataset: string } & (
  | { readonly kind: 'planned'; readonly plan: TieringPlan }
  /** One segment lies far, proven; it is committed with others. */
  | { readonly kind: 'copied'; readonly key: string; readonly bytes: number }
  | { readonly kind: 'failed'; readonly key: string; readonly reason: string }
);

/** A segment that was left where it is. */
export interface NotSent {
  readonly key: string;
  readonly reason: string;
}

export interface TieringOutcome {
  readonly plan: TieringPlan;
  /** Segments that are read in the far place from now on. */
  readonly sent: number;
  readonly sentBytes: number;
  /** Near copies that are gone. */
  readonly cleared: number;
  readonly clearedBytes: number;
  readonly failed: readonly NotSent[];
}
