/** What came of a run's moves. */
import type { TierdError } from '../../domain/errors.ts';
import type { PlannedMove } from '../../domain/plan.ts';
import type { TimeRange } from '../../domain/time-range.ts';

export interface MoveResult {
  readonly id: string;
  readonly move: PlannedMove;
  readonly rows: bigint;
  readonly bytes: bigint;
  readonly segments: number;
}

export interface FailedMove {
  readonly range: TimeRange;
  readonly error: TierdError;
}

export interface MoveTotals {
  readonly moved: MoveResult[];
  /** Moves that were left alone after their attempts; their rows stay hot. */
  readonly failed: FailedMove[];
}

export type Wholeness = 'done' | 'partly' | 'refused' | 'failed';

/** `refused`: nothing was moved, and nothing was tried. */
export function wholenessOf({ moved, failed }: MoveTotals): Wholeness {
  if (failed.length === 0) return 'done';
  if (moved.length > 0) return 'partly';
  return failed.every(({ error }) => error.code === 'MOVE_REFUSED') ? 'refused' : 'failed';
}

/** What recovery found and ended. */
export interface Recovered {
  /** Moves that were brought to an end. */
  readonly moves: number;
  /** Leftover objects that were removed from the lake. */
  readonly objects: number;
  /** Committed moves whose table still wants a VACUUM. */
  readonly vacuumDue: readonly string[];
}
