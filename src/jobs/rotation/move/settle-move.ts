import type pg from 'pg';
import { type ErrorCode, TierdError } from '../../../domain/errors.ts';
import { disconnect } from '../../../hot/server/connect.ts';
import { removeStaging } from '../../../lake/staging.ts';
import { assertStillOwnLake } from '../own-lake.ts';
import type { JobRooms } from '../rooms.ts';
import type { RunContext } from '../staged-move.ts';
import { endMove, sweepLeftovers } from './recover.ts';

/**
 * Ends a move that did not finish, on a connection of its own, for the move's may be broken.
 *
 * @returns what the ledger says became of it; `unknown` when it can't be asked or the lease is
 *   another's now: then everything stays as it is, and the next run's recovery looks (I9).
 */
export async function settleMove(
  rooms: JobRooms,
  run: RunContext,
  moveId: string,
): Promise<'committed' | 'abandoned' | 'unknown'> {
  try {
    const db = await rooms.connect('work');
    try {
      await assertLakeStillThere(rooms, db, moveId);
      const { outcome } = await endMove(rooms, db, run.lease, moveId);
      await sweepLeftovers(rooms, db, run.lease);
      return outcome;
    } finally {
      await disconnect(db);
    }
  } catch {
    // Not settled is safe: the ledger's in-progress record names what was begun, and the error
    // that brought us here is the one to be told.
    return 'unknown';
  }
}

/** The lake is away, or another's since this move began. */
const GONE: ReadonlySet<ErrorCode> = new Set(['LAKE_NOT_THE_SAME', 'LAKE_NOT_OWNED']);

/**
 * In the place of a lake that went away nothing is to be found, so the ledger must go on naming
 * what lies in the lake. Only what this move has staged since then, in that place, is removed.
 */
async function assertLakeStillThere(rooms: JobRooms, db: pg.Client, moveId: string): Promise<void> {
  try {
    await assertStillOwnLake(rooms, db);
  } catch (error) {
    if (error instanceof TierdError && GONE.has(error.code)) {
      await removeStaging(rooms.fileSystem, rooms.store.stagingRoot, moveId);
    }
    throw error;
  }
}
