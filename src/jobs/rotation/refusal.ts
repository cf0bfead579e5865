import { TierdError } from '../../domain/errors.ts';
import { type RotationPlan, standingRefusals } from '../../domain/plan.ts';

/** Throws REFUSED with every reason at once, unless none stands. */
export function throwIfRefused(plan: RotationPlan, force: boolean): void {
  const standing = standingRefusals(plan, force);
  const [first] = standing;
  if (first === undefined) return;
  const reasons = standing.map((refusal) => refusal.message).join('; ');
  const forceable = standing.every((refusal) => refusal.forceable);
  throw new TierdError({
    code: 'REFUSED',
    message: `the rotation of ${plan.dataset} is refused: ${reasons}. Nothing was changed.`,
    hint: `${standing.map((refusal) => refusal.hint).join('; ')}${forceable ? '' : ' (--force does not overrule this)'}`,
    context: { dataset: plan.dataset, refusals: standing },
  });
}
