import { TierdError } from '../../../domain/errors.ts';
import { describeObstacles } from '../../../domain/plan/part-hazards.ts';
import type { PlannedMove, RotationPlan } from '../../../domain/plan/plan.ts';
import { standing } from '../../../domain/plan/refusal.ts';
import { NONE_AGAIN } from '../../../domain/plan/rows-again.ts';
import { formatRange } from '../../../domain/time/time-range.ts';
import type { FailedMove } from '../outcome.ts';

const OBSTACLES_TOLD = 5;

/** Why a run without --force would not do all of the plan, in words. */
export function refusalsOf(plan: RotationPlan): readonly string[] {
  return [...plan.refusals, ...describeObstacles(plan, false, OBSTACLES_TOLD)].map(
    ({ message }) => message,
  );
}

export interface Sorted {
  readonly runnable: readonly PlannedMove[];
  /** Nothing of them was exported, and their rows stay hot. */
  readonly refused: readonly FailedMove[];
}

/** A move that would be undone at its end is not begun; the others go on. */
export function sortByObstacles(plan: RotationPlan, force: boolean): Sorted {
  const runnable: PlannedMove[] = [];
  const refused: FailedMove[] = [];
  for (const move of plan.moves) {
    const reasons = standing(move.obstacles, force);
    if (reasons.length === 0) runnable.push(move);
    else {
      const error = refusalOf(plan, move, reasons);
      refused.push({ range: move.range, error, again: NONE_AGAIN });
    }
  }
  return { runnable, refused };
}

function refusalOf(
  plan: RotationPlan,
  move: PlannedMove,
  reasons: PlannedMove['obstacles'],
): TierdError {
  const told = reasons.map((obstacle) => obstacle.message).join('; ');
  return new TierdError({
    code: 'MOVE_REFUSED',
    message: `${plan.dataset} ${formatRange(move.range)}: ${told}. Nothing of it was exported.`,
    hint: [...new Set(reasons.map((obstacle) => obstacle.hint))].join('; '),
    context: { dataset: plan.dataset, refusals: reasons },
  });
}
