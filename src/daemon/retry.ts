/** How long to wait before the same run is tried again. */
export interface RetryPolicy {
  /** Attempts after the first. */
  readonly retries: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Milliseconds until the next attempt, or null when there is none. Doubles with each attempt and
 * varies by half, so that machines that failed together don't come back together.
 *
 * @param failedAttempts how many have failed so far, from 1; `random` is in [0, 1).
 */
export function retryDelayMs(
  policy: RetryPolicy,
  failedAttempts: number,
  random: number,
): number | null {
  if (failedAttempts > policy.retries) return null;
  return backOffMs(policy, failedAttempts, random);
}

/** As `retryDelayMs` for what has to be tried for ever, such as a job that loops. */
export function backOffMs(
  policy: Omit<RetryPolicy, 'retries'>,
  failedAttempts: number,
  random: number,
): number {
  const doubled = policy.firstDelayMs * 2 ** Math.min(failedAttempts - 1, 30);
  return Math.round(Math.min(doubled, policy.maxDelayMs) * (0.5 + random / 2));
}
