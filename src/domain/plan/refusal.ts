/** Why something is not done, and whether a person may overrule it. */
import { TierdError } from '../errors.ts';

/** A reason not to run. */
export interface Refusal {
  /** A stable word for scripts: `clock_skew`, `share_of_table`, … */
  readonly guard: string;
  readonly message: string;
  readonly hint: string;
  /** Whether `--force` overrules it. What would lose or change data can't be forced. */
  readonly forceable: boolean;
}

/** Of a plan, a move or a slice: with `force` only what can't be forced. */
export function standing(refusals: readonly Refusal[], force: boolean): readonly Refusal[] {
  return refusals.filter(({ forceable }) => !force || !forceable);
}

/** One that `--force` does not overrule. */
export function unforceable(guard: string, message: string, hint: string): Refusal {
  return { guard, message, hint, forceable: false };
}

export interface RefusedRun {
  readonly dataset: string;
  /** As in "the rotation of bars". */
  readonly what: string;
  /** What became of it: "Nothing was changed". */
  readonly outcome: string;
  /** Some of it was done before. */
  readonly partly?: boolean;
}

/** Throws REFUSED with every reason at once; nothing where none stands. */
export function throwIfRefused(
  { dataset, what, outcome, partly = false }: RefusedRun,
  reasons: readonly Refusal[],
): void {
  if (reasons.length === 0) return;
  const isForceable = reasons.every(({ forceable }) => forceable);
  throw new TierdError({
    code: 'REFUSED',
    message: `${what} is refused: ${reasons.map(({ message }) => message).join('; ')}. ${outcome}.`,
    hint: `${reasons.map(({ hint }) => hint).join('; ')}${isForceable ? '' : ' (--force does not overrule this)'}`,
    context: { dataset, refusals: reasons },
    partly,
  });
}
