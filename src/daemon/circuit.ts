/**
 * Stops a job that fails again and again from being run for nothing. After `openAfter` failures in a
 * row no schedule starts it for `coolDownMs`; then one run is let through, and decides.
 */
import type { EpochMs } from '../domain/time/time-range.ts';

export interface CircuitPolicy {
  readonly openAfter: number;
  readonly coolDownMs: number;
}

export type Circuit =
  | { readonly kind: 'closed'; readonly failures: number }
  | {
      readonly kind: 'open';
      readonly failures: number;
      readonly sinceMs: EpochMs;
      readonly untilMs: EpochMs;
    }
  | { readonly kind: 'half-open'; readonly failures: number };

export const CLOSED: Circuit = { kind: 'closed', failures: 0 };

/** The circuit as it is now: an open one whose time is over lets one run through. */
export function circuitAt(circuit: Circuit, nowMs: EpochMs): Circuit {
  if (circuit.kind !== 'open') return circuit;
  // A clock that was set back to before the failure says nothing about the cool-down.
  const isOver = nowMs >= circuit.untilMs || nowMs < circuit.sinceMs;
  return isOver ? { kind: 'half-open', failures: circuit.failures } : circuit;
}

/** After a whole run with its retries. What says nothing of the job's health leaves it as it was. */
export function afterRun(
  circuit: Circuit,
  health: 'well' | 'ill' | 'unknown',
  policy: CircuitPolicy,
  nowMs: EpochMs,
): Circuit {
  if (health === 'well') return CLOSED;
  if (health === 'unknown') return circuit;
  const failures = circuit.failures + 1;
  if (circuit.kind === 'closed' && failures < policy.openAfter) return { kind: 'closed', failures };
  return { kind: 'open', failures, sinceMs: nowMs, untilMs: nowMs + policy.coolDownMs };
}
