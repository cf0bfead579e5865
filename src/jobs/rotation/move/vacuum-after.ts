/** Dead rows are made reusable, once no export of ours holds a snapshot over them. */
import type pg from 'pg';
import { agree, countOf } from '../../../domain/count.ts';
import { TierdError } from '../../../domain/errors.ts';
import { formatTable, type TableRef } from '../../../domain/table.ts';
import {
  dueAgain,
  type VacuumedTable,
  vacuumTable,
  vacuumWarnings,
} from '../../../hot/delete/vacuum.ts';
import { disconnect } from '../../../hot/server/connect.ts';
import { removeStaging } from '../../../lake/staging.ts';
import { stepMove } from '../../../ledger/moves.ts';
import { listVacuumsDue, noteVacuums, type VacuumTried } from '../../../ledger/vacuums-due.ts';
import { asTierdError } from '../../job-failure.ts';
import type { DueMove, MoveResult } from '../outcome.ts';
import type { Rooms } from '../rooms.ts';
import type { RunContext } from '../staged-move.ts';

/**
 * VACUUMs what rows were deleted from and what an earlier VACUUM did not clean, and notes the moves as finished. Never throws:
 * the rows are moved, and a VACUUM that did not happen, or was kept from removing them, is due again at the next run.
 *
 * @param due committed moves of an earlier run that did not get this far
 * @param again parts that an earlier VACUUM did not clean
 * @returns what was not achieved, and why
 */
export async function vacuumAfter(
  rooms: Rooms,
  run: RunContext,
  moved: readonly MoveResult[],
  due: readonly DueMove[],
  again: readonly TableRef[],
): Promise<readonly string[]> {
  const ended = [...due, ...moved.map(({ id, move }) => ({ id, ...move }))];
  if (ended.length === 0 && again.length === 0) return [];
  const deleted = ended.filter(({ removal }) => removal === 'delete');
  const warnings: string[] = [];
  let tried: readonly VacuumTried[] = [];
  try {
    const db = await rooms.connect('direct');
    try {
      if (deleted.length + again.length > 0 && rooms.settings.vacuum.enabled) {
        const results = await vacuumTable(db, run.table, {
          ...rooms.settings,
          ...rooms.settings.vacuum,
          ranges: deleted.map(({ range }) => range),
          again,
          signal: rooms.signal,
        });
        warnings.push(...vacuumWarnings(results));
        tried = rooms.signal.aborted ? [] : triedOf(results, again);
      }
      // Interrupted: not every part had its turn, and the next run comes back for them.
      const isCut = rooms.signal.aborted && rooms.settings.vacuum.enabled;
      const finished = isCut ? ended.filter(({ removal }) => removal !== 'delete') : ended;
      for (const { id } of finished) await finishOne(rooms, db, id);
      warnings.push(...(await noteTried(db, run.table.ref, tried)));
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

/** What was vacuumed, and those of before that are gone: nothing is left of them to be cleaned. */
function triedOf(
  results: readonly VacuumedTable[],
  again: readonly TableRef[],
): readonly VacuumTried[] {
  const names = new Set(results.map(({ table }) => formatTable(table)));
  const gone = again.filter((part) => !names.has(formatTable(part)));
  return [
    ...results.map((result) => ({ part: result.table, reason: dueAgain(result) })),
    ...gone.map((part) => ({ part, reason: null })),
  ];
}

/** After the moves are at their end: a note that can't be written must hold up none of them. */
async function noteTried(
  db: pg.Client,
  root: TableRef,
  tried: readonly VacuumTried[],
): Promise<readonly string[]> {
  try {
    await noteVacuums(db, root, tried);
    return [];
  } catch (error) {
    return [`what VACUUM left could not be noted for the next run: ${asTierdError(error).message}`];
  }
}

/** Read on the run's own line: one that is broken by now is told elsewhere, and what is due stays due. */
export async function vacuumsDueOf(db: pg.Client, root: TableRef): Promise<readonly TableRef[]> {
  try {
    return await listVacuumsDue(db, root);
  } catch {
    return [];
  }
}

/**
 * Ends moves that were killed before their VACUUM, where `failure` of the plan says that their table is
 * gone by now: nothing of it is left to be vacuumed, and no later run would get further.
 *
 * @returns the same failure, telling of them
 */
export async function endWithoutTable(
  rooms: Rooms,
  db: pg.Client,
  due: readonly DueMove[],
  failure: unknown,
): Promise<unknown> {
  if (!(failure instanceof TierdError) || failure.code !== 'TABLE_NOT_FOUND') return failure;
  if (due.length === 0) return failure;
  for (const { id } of due) await finishOne(rooms, db, id);
  const { code, message, hint, context } = failure;
  return new TierdError({
    code,
    message: `${message}; ${countOf(due.length, 'move')} of a run that was killed before its VACUUM ${agree(due.length, 'is', 'are')} at an end, for there is nothing left to vacuum`,
    ...(hint === undefined ? {} : { hint }),
    context: { ...context, movesEnded: due.length },
    cause: failure,
  });
}

/** The staging directory first: as long as the move is 'committed', recovery comes back for it. */
async function finishOne(rooms: Rooms, db: pg.Client, moveId: string): Promise<void> {
  await removeStaging(rooms.fileSystem, rooms.store.stagingRoot, moveId);
  await stepMove(db, moveId, 'vacuumed');
}
