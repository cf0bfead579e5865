/** Moves the planned stretches one after the other, exporting the next while this one is finished. */
import { setTimeout as pause } from 'node:timers/promises';
import type { TierdError } from '../../../domain/errors.ts';
import type { PlannedMove } from '../../../domain/plan/plan.ts';
import { NONE_AGAIN, type RowsAgain } from '../../../domain/plan/rows-again.ts';
import { asTierdError, stopIfAborted } from '../../job-failure.ts';
import { meetColdRows, refuseChanged } from '../again/meet-cold-rows.ts';
import type { MoveResult, MoveTotals } from '../outcome.ts';
import type { Rooms } from '../rooms.ts';
import type { MetMove, RunContext } from '../staged-move.ts';
import { finishMove } from './finish-move.ts';
import { isRetryable, isSkippable } from './move-failure.ts';
import { settleMove } from './settle-move.ts';
import { type Staging, stageMove } from './stage-move.ts';

/** A move is staged anew when its rows changed under it; by then a writer is busy with that slice. */
const MAX_ATTEMPTS = 3;

/**
 * Runs `moves` in order. `totals` grows as they commit, so that it is right whenever this throws;
 * by then every move that was begun has been settled, or is left to the next run's recovery.
 */
export async function moveAll(
  rooms: Rooms,
  run: RunContext,
  moves: readonly PlannedMove[],
  totals: MoveTotals,
): Promise<void> {
  let ahead: Staging | null = null;
  try {
    for (const [index, move] of moves.entries()) {
      stopIfAborted(run.signal);
      const current: Staging = ahead ?? stageMove(rooms, run, move);
      ahead = null;
      // Its failure is met in `moveOne`; here only the end of the export matters.
      await current.exported.catch(() => undefined);
      const next = moves[index + 1];
      ahead = next === undefined ? null : stageMove(rooms, run, next);
      await moveOne(rooms, run, move, current, totals);
      await pauseUnlessAborted(run);
    }
  } finally {
    if (ahead !== null) await giveUp(rooms, run, ahead);
  }
}

/** An abort ends the pause at once; the next turn of the loop tells of it. */
async function pauseUnlessAborted({ dataset, signal }: RunContext): Promise<void> {
  await pause(dataset.limits.pauseBetweenSlicesMs, undefined, { signal }).catch(() => undefined);
}

async function giveUp(rooms: Rooms, run: RunContext, staging: Staging): Promise<void> {
  staging.abort();
  await staging.staged.catch(() => undefined);
  await settleMove(rooms, run, staging.id);
}

async function moveOne(
  rooms: Rooms,
  run: RunContext,
  move: PlannedMove,
  first: Staging,
  totals: MoveTotals,
): Promise<void> {
  const dataset = run.dataset.name;
  let staging = first;
  for (let attempt = 1; ; attempt += 1) {
    const failed = await tryMove(rooms, run, move, staging, totals);
    if (failed === null) return;
    stopIfAborted(run.signal);
    const failure = failed.error;
    if (mayTryAgain(failed) && attempt < MAX_ATTEMPTS) {
      const reason = failure.message;
      rooms.emit({ kind: 'retrying', dataset, range: move.range, attempt, reason });
      staging = stageMove(rooms, run, move);
      continue;
    }
    if (!isSkippable(failure, move)) throw failure;
    totals.failed.push({ range: move.range, error: failure, again: failed.again });
    rooms.emit({ kind: 'failed', dataset, range: move.range, reason: failure.message });
    return;
  }
}

interface FailedTry {
  readonly error: TierdError;
  readonly settled: 'abandoned' | 'committed' | 'unknown';
  readonly again: RowsAgain;
}

/** A COMMIT whose reply was lost is unknown only until the ledger was asked (I9). */
function mayTryAgain({ error, settled }: FailedTry): boolean {
  return isRetryable(error) || (error.code === 'OUTCOME_UNKNOWN' && settled === 'abandoned');
}

/** Null when the move is committed, else why it is not; it has been settled either way. */
async function tryMove(
  rooms: Rooms,
  run: RunContext,
  move: PlannedMove,
  staging: Staging,
  totals: MoveTotals,
): Promise<FailedTry | null> {
  let met: MetMove | null = null;
  let afterwards: TierdError | null = null;
  try {
    met = await meetColdRows(rooms, run, await staging.staged);
    refuseChanged(run.dataset, met);
    await finishMove(rooms, run, met);
  } catch (error) {
    const settled = await settleMove(rooms, run, staging.id);
    // Committed after all: the reply to COMMIT was lost, and the ledger says it took effect (I9).
    const failure = asTierdError(error);
    if (settled !== 'committed' || met === null) {
      return { error: failure, settled, again: met?.again ?? NONE_AGAIN };
    }
    if (failure.code === 'STANDBY_SILENT') afterwards = failure;
  }
  const result = resultOf(move, met);
  totals.moved.push(result);
  rooms.emit({ kind: 'moved', dataset: run.dataset.name, result });
  // The next one would wait as long, for nothing.
  if (afterwards !== null) throw afterwards;
  return null;
}

function resultOf(move: PlannedMove, met: MetMove): MoveResult {
  const segments = [...met.slices, ...met.remainders].flatMap((slice) => slice.segments);
  return {
    id: met.id,
    move,
    rows: met.source.rows,
    bytes: segments.reduce((sum, segment) => sum + BigInt(segment.bytes), 0n),
    segments: segments.length,
    again: met.again,
  };
}
