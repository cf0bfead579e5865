/** Holding an export to so many rows a second. */

export interface Pace {
  readonly maxRowsPerSecond: number;
  /** All rows read so far, and those of the last batch among them. */
  readonly rows: number;
  readonly batchRows: number;
  /** Since the first row. */
  readonly elapsedMs: number;
}

/** Shorter waits cost more than they spread. */
const SHORTEST_WAIT_MS = 5;

/** How long to wait before the next batch; 0 where `maxRowsPerSecond` is 0, which is no limit. */
export function paceDelayMs({ maxRowsPerSecond, rows, batchRows, elapsedMs }: Pace): number {
  if (maxRowsPerSecond <= 0) return 0;
  const dueMs = (rows / maxRowsPerSecond) * 1000 - elapsedMs;
  // Never more than the batch is worth: a clock that was set back must not halt the export.
  const delay = Math.min(dueMs, (batchRows / maxRowsPerSecond) * 1000);
  return delay < SHORTEST_WAIT_MS ? 0 : delay;
}
