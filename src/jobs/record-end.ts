import type pg from 'pg';
import { cut, disconnect } from '../hot/server/connect.ts';
import { finishRun, type RunEnd } from '../ledger/runs.ts';

/** One short statement. A line that went silent is no reason to wait longer. */
const RECORD_TIMEOUT_MS = 10_000;

/** Ends the run in the ledger, on a connection of its own: the run's may be the reason why it ended. */
export async function recordEnd(
  connect: () => Promise<pg.Client>,
  runId: bigint,
  end: RunEnd,
): Promise<void> {
  try {
    const db = await connect();
    const impatience = setTimeout(() => cut(db), RECORD_TIMEOUT_MS);
    try {
      await finishRun(db, runId, end);
    } finally {
      clearTimeout(impatience);
      await disconnect(db);
    }
  } catch {
    // The run stays 'running' in the ledger until the next one marks it abandoned; what it did is told
    // by its moves, or by its source's own counters.
  }
}
