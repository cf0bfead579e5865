/** What an expiry is given beside a rotation's rooms, and what it says of itself while it runs. */
import type { TierdError } from '../../domain/errors.ts';
import type { ExpiryPlan, ThinnedByInterval } from '../../domain/plan/expiry.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import type { JobRooms, LocalRooms, LookingRooms } from '../rotation/rooms.ts';

export type LookingExpiryRooms = LookingRooms & LocalRooms;

export interface ExpiryRooms extends JobRooms {
  readonly tell: (event: ExpiryEvent) => void;
}

/** Slices that left the lake in one transaction. */
export interface ExpiredBatch {
  readonly range: TimeRange;
  readonly slices: number;
  readonly rows: number;
  readonly bytes: number;
  readonly segments: number;
}

/** A slice that was written anew without rows of some intervals. */
export interface ThinnedByExpiry {
  readonly planned: ThinnedByInterval;
  /** That it has now. */
  readonly segments: number;
  readonly bytes: number;
}

/** A slice that was left alone, and is as it was. */
export interface NotThinned {
  readonly planned: ThinnedByInterval;
  readonly error: TierdError;
}

export type ExpiryEvent = { readonly dataset: string } & (
  | { readonly kind: 'planned'; readonly plan: ExpiryPlan }
  | { readonly kind: 'expired'; readonly batch: ExpiredBatch }
  | { readonly kind: 'thinned'; readonly thinned: ThinnedByExpiry }
  | { readonly kind: 'failed'; readonly failed: NotThinned }
);
