/** Dead rows are made reusable, once no export of ours holds a snapshot over them. */
import type pg from 'pg';
import { disconnect } from '../../hot/connect.ts';
import { vacuumTable, vacuumWarnings } from '../../hot/vacuum.ts';
import { removeStaging } from '../../lake/staging.ts';
import { stepMove } from '../../ledger/moves.ts';
import { asTierdError } from '../job-failure.ts';
import type { MoveResult } from './outcome.ts';
import type { Rooms } from './rooms.ts';
import type { RunContext } from './staged-move.ts';

/**
 * VACUUMs the table when rows were deleted from it, and notes the moves as finished. Never throws:
 * the rows are moved, and a VACUUM that did not happen is due again at the next run.
 *
 * @param due committed moves of an earlier run that did not get this far
 * @returns what was not achieved, and why
 */
export async function vacuumAfter(
  rooms: Rooms,
  run: RunContext,
  moved: readonly MoveResult[],
  due: readonly string[],
): Promise<readonly string[]> {
  const deleted = moved.filter((result) => result.move.removal === 'delete');
  const ids = [...due, ...moved.map((result) => result.id)];
  if (ids.length === 0) return [];
  const warnings: string[] = [];
  try {
    const db = await rooms.connect('direct');
    try {
      if (due.length + deleted.length > 0 && rooms.settings.vacuum.enabled) {
        const results = await vacuumTable(db, run.table, {
          ...rooms.settings,
          ...rooms.settings.vacuum,
          // Where the rows of an earlier run lay is not known here.
          ranges: due.length > 0 ? null : deleted.map((result) => result.move.range),
          signal: rooms.signal,
        });
        warnings.push(...vacuumWarnings(results));
      }
      for (const id of ids) await finishOne(rooms, db, id);
    } finally {
      await disconnect(db);
    }
  } catch (error) {
    const reason = asTierdError(error).message;
    warnings.push(`the rows are moved, but their table was not vacuumed: ${reason}`);
  }
  rooms.emit({ kind: 'vacuumed', dataset: run.dataset.name, warnings });
  return warnings;
}

/** The staging directory first: as long as the move is 'committed', recovery comes back for it. */
async function finishOne(rooms: Rooms, db: pg.Client, moveId: string): Promise<void> {
  await removeStaging(rooms.fileSystem, rooms.store.stagingRoot, moveId);
  await stepMove(db, moveId, 'vacuumed');
}
