/** What came of an expiry. */
import type { ExpiryPlan } from '../../domain/plan/expiry.ts';
import type { Changes } from '../changes-end.ts';
import type { ExpiredBatch, NotThinned, ThinnedByExpiry } from './rooms.ts';

export interface ExpiryOutcome {
  readonly plan: ExpiryPlan;
  /** Slices that went whole. */
  readonly expired: readonly ExpiredBatch[];
  readonly thinned: readonly ThinnedByExpiry[];
  readonly failed: readonly NotThinned[];
}

export const changesOf = ({ expired, thinned, failed }: Omit<ExpiryOutcome, 'plan'>): Changes => ({
  // Slices that go whole write nothing.
  done: [...expired.map(() => ({ bytes: 0 })), ...thinned],
  failed,
});

export function rowsExpired({ expired, thinned }: Omit<ExpiryOutcome, 'plan'>): number {
  const whole = expired.reduce((sum, { rows }) => sum + rows, 0);
  return thinned.reduce((sum, { planned }) => sum + planned.chosen, whole);
}
