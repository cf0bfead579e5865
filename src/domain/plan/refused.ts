import { TierdError } from '../errors.ts';
import type { Refusal } from './plan.ts';

export interface RefusedRun {
  readonly dataset: string;
  /** As in "the rotation of bars". */
  readonly what: string;
  /** What became of it: "Nothing was changed". */
  readonly outcome: string;
}

/** Throws REFUSED with every reason at once; nothing where none stands. */
export function throwIfRefused(
  { dataset, what, outcome }: RefusedRun,
  standing: readonly Refusal[],
): void {
  if (standing.length === 0) return;
  const isForceable = standing.every(({ forceable }) => forceable);
  throw new TierdError({
    code: 'REFUSED',
    message: `${what} is refused: ${standing.map(({ message }) => message).join('; ')}. ${outcome}.`,
    hint: `${standing.map(({ hint }) => hint).join('; ')}${isForceable ? '' : ' (--force does not overrule this)'}`,
    context: { dataset, refusals: standing },
  });
}
