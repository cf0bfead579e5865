/** What a move's failure means for the rest of the run. */
import { type ErrorCode, TierdError } from '../../domain/errors.ts';
import { isPostgresError, postgresError } from '../../hot/postgres-error.ts';

/** The rows were in somebody's hands: the same move may succeed when staged anew. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['DIGEST_MISMATCH', 'PARTS_CHANGED', 'DEADLOCK']);

/** What concerns this move alone: the others go on, and the run ends as partly done. */
const SKIPPABLE: ReadonlySet<ErrorCode> = new Set([
  ...RETRYABLE,
  // Waited for as often as makes sense already; exporting again frees no lock.
  'LOCK_TIMEOUT',
  'VALUE_NOT_HELD',
  'PART_READS_EMPTY',
]);

export function isRetryable(error: TierdError): boolean {
  return RETRYABLE.has(error.code);
}

export function isSkippable(error: TierdError): boolean {
  return SKIPPABLE.has(error.code);
}

/** Throws what the signal was aborted for: LEASE_LOST, or INTERRUPTED. */
export function stopIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  if (signal.reason instanceof TierdError) throw signal.reason;
  throw new TierdError({
    code: 'INTERRUPTED',
    message: 'interrupted; what was not committed is rolled back and nothing of it was deleted',
    hint: 'run the same command again to go on',
  });
}

/** A server or line that fails between transactions is told as such. A defect of ours is told as such, with what was thrown as its cause. */
export function asTierdError(error: unknown): TierdError {
  if (error instanceof TierdError) return error;
  if (isPostgresError(error)) return postgresError(error, 'talking to PostgreSQL');
  return new TierdError({
    code: 'INTERNAL',
    message: `an error that tierd did not expect: ${error instanceof Error ? error.message : String(error)}; what was not committed is rolled back and nothing was deleted`,
    hint: 'run again with --stack and report what it prints',
    cause: error,
  });
}
