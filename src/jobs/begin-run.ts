import type pg from 'pg';
import type { Clock } from '../domain/time/clock.ts';
import { startRun } from '../ledger/runs.ts';

export interface RunRooms {
  readonly clock: Clock;
  readonly holder: string;
  readonly isByHand: boolean;
}

/** Enters a run into the ledger. @returns its id; `recordEnd` ends it */
export function beginRun(
  { clock, holder, isByHand }: RunRooms,
  db: pg.Client,
  job: string,
  dataset: string,
): Promise<bigint> {
  return startRun(db, { job, dataset, holder, isByHand, startedAtMs: clock.now() });
}
