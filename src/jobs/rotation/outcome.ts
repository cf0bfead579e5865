/** What came of a run's moves. */
import { EXIT, type TierdError } from '../../domain/errors.ts';
import type { PlannedMove } from '../../domain/plan/plan.ts';
import { type RowsAgain, sumAgain } from '../../domain/plan/rows-again.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import type { UnfinishedMove } from '../../ledger/moves.ts';
import type { Wholeness } from '../rotate-all.ts';

export interface MoveResult {
  readonly id: string;
  readonly move: PlannedMove;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly segments: number;
  readonly again: RowsAgain;
}

export interface FailedMove {
  readonly range: TimeRange;
  readonly error: TierdError;
  /** What was found of its rows in the lake before it failed. */
  readonly again: RowsAgain;
}

export interface MoveTotals {
  readonly moved: MoveResult[];
  /** Moves that were left alone after their attempts; their rows stay hot. */
  readonly failed: FailedMove[];
}

/** `refused` where guards alone were in the way of all of them. */
export function wholenessOf({ moved, failed }: MoveTotals): Wholeness {
  if (failed.length === 0) return 'done';
  if (moved.length > 0) return 'partly';
  return failed.every(({ error }) => error.exitCode === EXIT.refused) ? 'refused' : 'failed';
}

/** Of all moves, also of those that failed. */
export function againOf({ moved, failed }: MoveTotals): RowsAgain {
  return sumAgain([...moved, ...failed].map(({ again }) => again));
}

/** A committed move that was not brought to its end: of a drop nothing is left to vacuum. */
export type DueMove = Omit<UnfinishedMove, 'state'>;

/** What recovery found and ended. */
export interface Recovered {
  /** Moves that were brought to an end. */
  readonly moves: number;
  /** Leftover files that were removed: from the lake, and from where files wait to be published. */
  readonly files: number;
  /** Files of replaced segments that were removed when their time was over. */
  readonly outdated: number;
  /** Moves that were committed and killed before their VACUUM was done. */
  readonly vacuumDue: readonly DueMove[];
}
