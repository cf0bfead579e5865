/** A dataset that somebody has paused is left as it is. */
import type pg from 'pg';
import { datasetPaused, type Pause } from '../domain/pause.ts';
import { disconnect } from '../hot/server/connect.ts';
import { knowsPauses, readDatasetPause } from '../ledger/pauses.ts';
import type { Queryable } from '../ledger/queryable.ts';

/** Throws DATASET_PAUSED, which says since when, by whom, and how to go on. */
export async function assertNotPaused(db: Queryable, dataset: string): Promise<void> {
  const pause = await readDatasetPause(db, dataset);
  if (pause !== null) throw datasetPaused(dataset, pause);
}

/** For a look that changes nothing, also at a ledger that is not there or has no place for pauses. */
export async function lookForPause(db: Queryable, dataset: string): Promise<Pause | null> {
  return (await knowsPauses(db)) ? readDatasetPause(db, dataset) : null;
}

/**
 * Comes back when the dataset is not paused any more, and looks as often as `rest` comes back. Throws
 * what `rest` throws; a database that is away is waited for.
 */
export async function untilResumed(
  connect: () => Promise<pg.Client>,
  dataset: string,
  rest: () => Promise<void>,
): Promise<void> {
  let db: pg.Client | null = null;
  try {
    for (;;) {
      try {
        db ??= await connect();
        if ((await readDatasetPause(db, dataset)) === null) return;
      } catch {
        // Nothing is moved meanwhile, so that nothing can be lost by not knowing.
        if (db !== null) await disconnect(db);
        db = null;
      }
      await rest();
    }
  } finally {
    if (db !== null) await disconnect(db);
  }
}
