/** Whether a daemon can do its work: what it needs was reached lately, and who leads is known. */
import type { EpochMs } from '../domain/time/time-range.ts';
import type { DaemonState } from './state.ts';

export interface ReadinessOptions {
  readonly now: EpochMs;
  /** A survey that is older says nothing of now. */
  readonly maxSurveyAgeMs: number;
  /** Something is drained from the live store. */
  readonly needsLive: boolean;
}

/** What is missing, in words; empty when the daemon is ready. */
export function missingParts(state: DaemonState, options: ReadinessOptions): readonly string[] {
  const { role, leaseError, survey } = state;
  const missing: string[] = [];
  if (role === 'stopping') missing.push('it is stopping');
  if (role === 'starting') missing.push('the lease: not asked for yet');
  if (role === 'standby' && leaseError !== null) missing.push(`the lease: ${leaseError}`);
  if (survey === null) return [...missing, 'the stores: not looked at yet'];
  const ageMs = options.now - survey.takenAt;
  if (ageMs > options.maxSurveyAgeMs) {
    missing.push(`the stores: last looked at ${String(Math.round(ageMs / 1000))} s ago`);
  }
  if (!survey.hot.reachable) missing.push(`PostgreSQL: ${survey.hot.error ?? 'no answer'}`);
  if (options.needsLive && survey.live?.reachable !== true) {
    missing.push(`Redis: ${survey.live?.error ?? 'no answer'}`);
  }
  if (survey.cold.error !== null) missing.push(`the lake: ${survey.cold.error}`);
  return missing;
}
