import type pg from 'pg';
import { disconnect } from '../hot/connect.ts';
import { finishRun, type RunEnd } from '../ledger/runs.ts';

/** Ends the run in the ledger, on a connection of its own: the run's may be the reason why it ended. */
export async function recordEnd(
  connect: () => Promise<pg.Client>,
  runId: bigint,
  end: RunEnd,
): Promise<void> {
  try {
    const db = await connect();
    try {
      await finishRun(db, runId, end);
    } finally {
      await disconnect(db);
    }
  } catch {
    // The run stays 'running' in the ledger until the next one marks it abandoned; what it did is told
    // by its moves, or by its source's own counters.
  }
}
