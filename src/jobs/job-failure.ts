/** What ends a job, as an error that a person can read. */
import { TierdError } from '../domain/errors.ts';
import { isPostgresError, postgresError } from '../hot/postgres-error.ts';

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

/**
 * A server or line that fails between transactions is told as such; a defect of ours as well, with
 * what was thrown as its cause.
 */
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

/** The same failure, told with what the run had done by then. */
export function afterSome(
  { code, message, hint, context, cause }: TierdError,
  done: string,
  figures: Readonly<Record<string, unknown>>,
): TierdError {
  return new TierdError({
    code,
    message: `${message}; before that ${done}`,
    ...(hint === undefined ? {} : { hint }),
    context: { ...context, ...figures },
    cause,
    partly: true,
  });
}
