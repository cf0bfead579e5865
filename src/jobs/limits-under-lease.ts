/**
 * Limits of the transactions that end with a look at the lease. One whose process was put to sleep
 * has rows locked, and at its end the lease itself: the server ends it when the lease has run out,
 * so that whoever leads next, and the application, need not wait for it to wake.
 */
import type { TransactionLimits } from '../hot/transaction.ts';

/** No shorter, however short the lease: a live process on a busy machine may pause for a second. */
const SHORTEST_IDLE_MS = 5_000;

export function limitsUnderLease(settings: {
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly leaseTtlMs: number;
}): TransactionLimits {
  const { statementTimeoutMs, lockTimeoutMs, leaseTtlMs } = settings;
  return {
    statementTimeoutMs,
    lockTimeoutMs,
    idleTimeoutMs: Math.max(leaseTtlMs, SHORTEST_IDLE_MS),
  };
}
