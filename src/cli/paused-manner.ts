/** What becomes of a paused dataset: one that nobody names is left out, one that is named is refused. */
export type PausedManner = 'left out' | 'refused' | 'taken';

/** `--force` takes a paused dataset only where somebody names it: it may be meant for a guard. */
export function pausedManner(
  names: readonly string[],
  { force, skipPaused }: { readonly force?: true; readonly skipPaused?: true },
): PausedManner {
  if (names.length === 0 || skipPaused === true) return 'left out';
  return force === true ? 'taken' : 'refused';
}
