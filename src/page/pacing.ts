/** When to ask the daemon again. */

export interface Pace {
  readonly isHidden: boolean;
  /** In a row. */
  readonly failures: number;
}

const VISIBLE_MS = 2_000;
const HIDDEN_MS = 30_000;
const LONGEST_MS = 30_000;

/** Of the status; a daemon that is away is asked less and less often. */
export function statusDelayMs({ isHidden, failures }: Pace): number {
  const base = isHidden ? HIDDEN_MS : VISIBLE_MS;
  return failures === 0 ? base : Math.min(LONGEST_MS, base * 2 ** (failures - 1));
}
