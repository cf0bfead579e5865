import type { TransactionOptions } from '../hot/transaction.ts';
import { limitsUnderLease } from './limits-under-lease.ts';

/**
 * Of a transaction that looks what became of another, whose reply was lost (I9). It waits for a commit
 * under way as long as its longest statement may take, and no longer.
 */
export function settlingOptions(
  {
    statementTimeoutMs,
    leaseTtlMs,
  }: { readonly statementTimeoutMs: number; readonly leaseTtlMs: number },
  subject: string,
): TransactionOptions {
  return {
    doing: `looking what became of ${subject}`,
    isolation: 'read committed',
    readOnly: false,
    // A standby that takes over and lacks it abandons it itself. Who looks must not wait again.
    isLocal: true,
    limits: limitsUnderLease({ statementTimeoutMs, lockTimeoutMs: statementTimeoutMs, leaseTtlMs }),
  };
}
