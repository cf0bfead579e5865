import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../domain/clock.ts';

/** Holds deletes to so many rows a second: awaited after each, it waits until they are due. */
export function pacer(maxRowsPerSecond: number, clock: Clock): (rows: bigint) => Promise<void> {
  const startedAt = clock.now();
  let done = 0;
  return async (rows) => {
    if (maxRowsPerSecond === 0) return;
    done += Number(rows);
    const share = (Number(rows) / maxRowsPerSecond) * 1000;
    const dueMs = (done / maxRowsPerSecond) * 1000 - (clock.now() - startedAt);
    // Never longer than these rows are worth: a clock that was set back must not halt the delete.
    if (dueMs > 0) await pause(Math.min(dueMs, share));
  };
}
