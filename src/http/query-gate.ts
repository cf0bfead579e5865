/** How many queries run at once, how many wait, and what became of those before. */

/** `full`: so many run and wait that one more would only wait too long. `closed`: the daemon stops. */
export type Refusal = 'full' | 'closed';

export class QueryGate {
  readonly counts = { answered: 0, failed: 0, refused: 0 };
  /** From the store of the lake, for those that came to their first row. */
  readonly fetched = { requests: 0, bytes: 0 };
  readonly #concurrency: number;
  readonly #queue: number;
  readonly #waiting = new Set<() => void>();
  /** Of those that wait, without the sessions. */
  #queued = 0;
  #running = 0;
  readonly #closing = new AbortController();
  #onIdle: (() => void) | null = null;

  constructor({ concurrency, queue }: { readonly concurrency: number; readonly queue: number }) {
    this.#concurrency = concurrency;
    this.#queue = queue;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for its turn; whoever is let in has to `leave`. Null: it is its turn. Throws the abort's reason.
   *
   * @param who a session waits whatever waits already: there are only so many, and each has one question
   */
  async enter(
    signal: AbortSignal,
    who: 'request' | 'session' = 'request',
  ): Promise<Refusal | null> {
    signal.throwIfAborted();
    if (this.#isClosed()) return this.#refuse('closed');
    if (this.#running < this.#concurrency) {
      this.#running += 1;
      return null;
    }
    if (who === 'session') await this.#turn(signal);
    else if (this.#queued >= this.#queue) return this.#refuse('full');
    else {
      this.#queued += 1;
      await this.#turn(signal).finally(() => {
        this.#queued -= 1;
      });
    }
    // Whoever was let in has taken the place of the one that left, which is counted already.
    if (!this.#isClosed()) return null;
    this.leave('refused');
    return 'closed';
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.delete(admit);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(admit);
    });
  }

  leave(outcome: keyof QueryGate['counts']): void {
    this.counts[outcome] += 1;
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      next();
      return;
    }
    this.#running -= 1;
    if (this.#running === 0) this.#onIdle?.();
  }

  /** Lets nobody in any more. Resolves when all have left. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #refuse(refusal: Refusal): Refusal {
    this.counts.refused += 1;
    return refusal;
  }
}
