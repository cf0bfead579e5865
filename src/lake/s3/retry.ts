/** How often, and how patiently, what may succeed later is tried again. */

/** With the pauses below: about 13 s of a store that answers at once with 503. */
export const MAX_ATTEMPTS = 7;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** Doubles, and varies by half, so that those who were told to slow down don't come back at once. */
export function backOffMs(failedAttempts: number): number {
  const doubled = Math.min(FIRST_PAUSE_MS * 2 ** (failedAttempts - 1), LONGEST_PAUSE_MS);
  return doubled * (0.5 + Math.random() / 2);
}
