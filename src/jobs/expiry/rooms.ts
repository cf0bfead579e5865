/** What an expiry is given beside a rotation's rooms, and what it says of itself while it runs. */
import type { ExpiryPlan } from '../../domain/plan/expiry.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import type { JobRooms } from '../rotation/rooms.ts';

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

export type ExpiryEvent = { readonly dataset: string } & (
  | { readonly kind: 'planned'; readonly plan: ExpiryPlan }
  | { readonly kind: 'expired'; readonly batch: ExpiredBatch }
);
