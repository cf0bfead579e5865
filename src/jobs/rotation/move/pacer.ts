import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../../domain/time/clock.ts';

/** Well within any lease: see `limits-under-lease`. */
const LONGEST_SILENCE_MS = 1_000;

/** Holds deletes to so many rows a second: awaited after each, it waits until they are due. */
export function pacer(options: {
  /** 0 is no limit. */
  readonly maxRowsPerSecond: number;
  readonly clock: Clock;
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** Lets the server know during a wait that the transaction is not forgotten. */
  readonly sayAlive: () => Promise<void>;
}): (rows: bigint) => Promise<void> {
  const { maxRowsPerSecond, clock, signal, sayAlive } = options;
  const startedAt = clock.now();
  let done = 0;
  return async (rows) => {
    if (maxRowsPerSecond === 0) return;
    done += Number(rows);
    const share = (Number(rows) / maxRowsPerSecond) * 1000;
    const dueMs = (done / maxRowsPerSecond) * 1000 - (clock.now() - startedAt);
    // Never longer than these rows are worth: a clock that was set back must not halt the delete.
    let leftMs = Math.min(dueMs, share);
    while (leftMs > 0 && !signal.aborted) {
      await pause(Math.min(leftMs, LONGEST_SILENCE_MS), undefined, { signal }).catch(() => null);
      leftMs -= LONGEST_SILENCE_MS;
      await sayAlive();
    }
  };
}
