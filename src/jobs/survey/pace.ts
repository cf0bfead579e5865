/** Keeps what looking costs in proportion: what took long is looked at less often. */

/** Of the time, at most this share is spent on any one thing looked at. */
const MAX_SHARE = 1 / 200;

export class Pace {
  readonly #monotonicMs: () => number;
  readonly #nextMs = new Map<string, number>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  isDue(what: string): boolean {
    return this.#monotonicMs() >= (this.#nextMs.get(what) ?? 0);
  }

  /** Failures count as well: what fails after a long time is not tried again at once. */
  async spend<Result>(
    what: string,
    atLeastEveryMs: number,
    look: () => Promise<Result>,
  ): Promise<Result> {
    const began = this.#monotonicMs();
    try {
      return await look();
    } finally {
      const tookMs = this.#monotonicMs() - began;
      this.#nextMs.set(what, began + Math.max(atLeastEveryMs, tookMs / MAX_SHARE));
    }
  }

  /** Looked at next time, however lately it was. */
  forget(what: string): void {
    this.#nextMs.delete(what);
  }
}
