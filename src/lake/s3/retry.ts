/** How often, and how patiently, what may succeed later is tried again. */
import { setTimeout as pause } from 'node:timers/promises';
import type { S3Api } from './s3-api.ts';

/** In any case; with the pauses below 6 to 11 s of a store that answers at once with 503. */
const FEWEST_ATTEMPTS = 7;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** Of one thing, one after the other. */
export class Attempts {
  readonly #api: Pick<S3Api, 'retryForMs'>;
  readonly #signal: AbortSignal | undefined;
  #failed = 0;
  #sinceMs = 0;

  constructor(api: Pick<S3Api, 'retryForMs'>, signal: AbortSignal | undefined) {
    this.#api = api;
    this.#signal = signal;
  }

  /**
   * Waits until the next one is due, after one that failed.
   * @returns false where there were enough
   * @throws what the signal aborts with
   */
  async mayTryAgain(): Promise<boolean> {
    if (this.#failed === 0) this.#sinceMs = performance.now();
    this.#failed += 1;
    const isOver = performance.now() - this.#sinceMs >= this.#api.retryForMs;
    if (this.#failed >= FEWEST_ATTEMPTS && isOver) return false;
    const signal = this.#signal;
    await pause(backOffMs(this.#failed), undefined, signal === undefined ? {} : { signal });
    return true;
  }

  /** Something came: what fails from now on is another failure. */
  succeeded(): void {
    this.#failed = 0;
  }
}

/** Doubles, and varies by half, so that those who were told to slow down don't come back at once. */
function backOffMs(failedAttempts: number): number {
  const doubled = Math.min(FIRST_PAUSE_MS * 2 ** (failedAttempts - 1), LONGEST_PAUSE_MS);
  return doubled * (0.5 + Math.random() / 2);
}
