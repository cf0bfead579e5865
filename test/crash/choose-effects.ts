/** At which effects of a job its process is killed; and the seed of all that is chosen in a test. */

export const SEED = Number(process.env['TIERD_TEST_SEED'] ?? Date.now() % 1_000_000);

/** Of a variation of what is killed more thoroughly elsewhere. */
export const VARIATION_SHARE = 1 / 24;

/** Of one whose every kill takes far longer: through another server, or another catalogue. */
export const SLOW_VARIATION_SHARE = 1 / 48;

/**
 * The ordinals to kill at: every link, another sixth of the statements each time, and of the file system's
 * other calls, of which a file takes a dozen alike, a share of a twenty-fourth. With a share another such share of all.
 * All of them with TIERD_TEST_KILLS=all. None outside of the range.
 */
export function chooseEffects(
  effects: readonly string[],
  share: number | undefined,
  { first, end }: EffectRange,
): readonly number[] {
  const random = randomFrom(SEED);
  const within = effects.slice(first, end);
  if (process.env['TIERD_TEST_KILLS'] === 'all') return within.map((_, index) => first + index + 1);
  const chosen = within.flatMap((label, index) => {
    return random() < (share ?? shareOf(label)) ? [first + index + 1] : [];
  });
  // A run that kills nowhere proves nothing.
  return chosen.length > 0 ? chosen : [first + 1 + Math.floor(random() * within.length)];
}

/** Of indexes, without `end`. */
export interface EffectRange {
  readonly first: number;
  readonly end: number;
}

function shareOf(label: string): number {
  if (label === 'fs.link') return 1;
  return label.startsWith('sql ') ? 1 / 6 : 1 / 24;
}

/** mulberry32: small, seeded, good enough to choose what a writer does next. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
