/** How long to wait before a store that is away is tried again. */
const FIRST_MS = 200;
const LONGEST_MS = 30_000;

/**
 * Twice as long each time, up to half a minute, and between half of that and all of it: sources that
 * lost one server must not all come back at one moment.
 *
 * @returns whole milliseconds
 * @param attempt from 1
 * @param random from 0 to 1
 */
export function backoffMs(attempt: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20));
  return Math.round(longest / 2 + (longest / 2) * random);
}
