/** By which clocks a job works: this machine's, the database's, and that of whoever worked before. */
import type pg from 'pg';
import type { ClockFacts } from '../domain/plan/clock-guard.ts';
import type { Clock } from '../domain/time/clock.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import { readDatabaseClock } from '../hot/server/server-facts.ts';
import { lastRunStart } from '../ledger/runs.ts';
import { newestArrival } from '../ledger/segments.ts';

export async function readClocks(
  clock: Clock,
  db: pg.Client,
  dataset: string,
): Promise<ClockFacts> {
  const now = clock.now();
  const databaseNow = await readDatabaseClock(db);
  return { now, databaseNow, lastRunAt: await lastSeen(db, dataset) };
}

/** When somebody last worked by a clock that was looked at; without such a run, when the lake last grew. */
async function lastSeen(db: pg.Client, dataset: string): Promise<EpochMs | null> {
  const starts = [
    await lastRunStart(db, 'rotate', dataset),
    await lastRunStart(db, 'expire', dataset),
  ].filter((at) => at !== null);
  return starts.length > 0 ? Math.max(...starts) : newestArrival(db, dataset);
}
