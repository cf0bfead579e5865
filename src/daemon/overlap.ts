/** What becomes of a slot that comes while the job still runs. Two runs at once never happen. */
export type OverlapPolicy = 'skip' | 'queue-one';

export function decideOverlap(
  policy: OverlapPolicy,
  job: { readonly isRunning: boolean; readonly isQueued: boolean },
): 'start' | 'queue' | 'skip' {
  if (!job.isRunning) return 'start';
  return policy === 'queue-one' && !job.isQueued ? 'queue' : 'skip';
}
