import type { Refusal } from '../../domain/plan/refusal.ts';
import type { Style } from '../terminal/style.ts';

/** Why a plan would be refused, and what to do: in yellow where `--force` overrules it. */
export function refusalLines(
  refusals: readonly Refusal[],
  { colour }: Pick<Style, 'colour'>,
): readonly string[] {
  return refusals.flatMap(({ forceable, message, hint }) => {
    const word = forceable ? colour.yellow('refused') : colour.red('refused');
    return [`${word}: ${message}`, `  ${hint}`];
  });
}
