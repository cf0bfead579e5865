import type { Acknowledged } from '../domain/live/live-entry.ts';

/** Counts what the removing scripts answer: 1 removed, 0 changed, 2 gone already. */
export function countAnswers(answers: readonly unknown[]): Acknowledged {
  let removed = 0;
  let changed = 0;
  for (const answer of answers) {
    if (Number(answer) === 0) changed += 1;
    else removed += 1;
  }
  return { removed, changed };
}
