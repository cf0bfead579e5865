/** How a query ends that its process could not end by itself. */
import { TierdError } from '../../domain/errors.ts';

export function tooLarge(reachedBytes: number, maxBytes: number): TierdError {
  return new TierdError({
    code: 'QUERY_TOO_LARGE',
    message: `The query took ${megabytes(reachedBytes)} of memory, and query.max_memory is ${megabytes(maxBytes)}: it was ended. Nothing was changed.`,
    hint: 'Ask for less at once: a shorter time, fewer columns, no list or text that is made of all rows; or raise query.max_memory.',
    context: { reachedBytes, maxBytes },
  });
}

/** As the configuration counts them. */
function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / 1024 ** 2))}MB`;
}

export function interrupted(signal: AbortSignal): TierdError {
  return new TierdError({
    code: 'INTERRUPTED',
    message: 'The query was interrupted. Nothing was changed.',
    cause: signal.reason,
  });
}

export interface Death {
  /** Undefined: it was never there. */
  readonly pid: number | undefined;
  readonly exitCode: number | null;
  readonly signalCode: string | null;
  readonly lastWords: string;
}

export function died({ pid, exitCode, signalCode, lastWords }: Death): TierdError {
  const how =
    pid === undefined
      ? 'could not be started'
      : signalCode === null
        ? `ended with ${String(exitCode)}`
        : `was ended by ${signalCode}`;
  const reason = /^(FATAL ERROR|prlimit|\w*Error): .*$/m.exec(lastWords)?.[0];
  return new TierdError({
    code: 'QUERY_ENGINE_DIED',
    message: `The process of the query ${how} before it had answered${reason === undefined ? '' : `: ${reason}`}. Nothing was changed.`,
    hint: 'Run it again. Where it ends so each time, ask for less at once; `journalctl -k` says whether the kernel ended it for want of memory.',
    context: { exitCode, signal: signalCode },
  });
}
