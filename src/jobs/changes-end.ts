/** How a run ended that changed slices of the lake one after the other. */
import type { TierdError } from '../domain/errors.ts';
import type { RunEnd } from '../ledger/runs.ts';
import type { Wholeness } from './rotate-all.ts';

export interface Changes {
  readonly done: readonly { readonly bytes: number }[];
  /** Left alone; their slices are as they were. */
  readonly failed: readonly { readonly error: TierdError }[];
}

/** `refused` never: guards stop the whole run. */
export function wholenessOf({ done, failed }: Changes): Wholeness {
  if (failed.length === 0) return 'done';
  return done.length > 0 ? 'partly' : 'failed';
}

/** No row is moved from one store to the other. @param failure that ended the run; null where none did */
export function endOfChanges(changes: Changes, failure: TierdError | null): RunEnd {
  const first = failure ?? changes.failed[0]?.error;
  return {
    state: stateOf(changes, failure),
    rowsMoved: 0n,
    bytesWritten: changes.done.reduce((sum, { bytes }) => sum + BigInt(bytes), 0n),
    errorCode: first?.code,
    errorMessage: first?.message,
  };
}

function stateOf(changes: Changes, failure: TierdError | null): RunEnd['state'] {
  if (failure === null) return wholenessOf(changes);
  if (failure.code === 'INTERRUPTED') return 'interrupted';
  if (changes.done.length > 0) return 'partly';
  return failure.code === 'REFUSED' ? 'refused' : 'failed';
}
