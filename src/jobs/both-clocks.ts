/** This machine's clock and the database's: of two that differ, the one by which less is lost. */
import type pg from 'pg';
import type { EpochMs } from '../domain/time/time-range.ts';
import { readDatabaseClock } from '../hot/server/server-facts.ts';

/** By which holds and pins end: a clock that runs ahead must not end one. @param now by this machine's */
export async function earlierClock(now: EpochMs, db: pg.Client): Promise<EpochMs> {
  return Math.min(now, await readDatabaseClock(db));
}
