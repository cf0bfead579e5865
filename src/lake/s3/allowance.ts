/**
 * So much a second, for all who ask together: one after the other, in the order in which they ask. `hot/copy/pace.ts`
 * holds one who works alone to a rate on the whole; here many are at work, and an hour in which nobody was earns nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { unlessAborted } from '../../domain/unless-aborted.ts';

/** Timers come late, and never early: what is left over of so long is made up for. */
const MADE_UP_FOR_MS = 100;
/** Timers are not finer. */
const SHORTEST_WAIT_MS = 1;

export class Allowance {
  readonly #perSecond: number;
  /** Of the clock that nobody sets back. */
  #freeAtMs = 0;
  #lastTurn: Promise<unknown> = Promise.resolve();

  /** @param perSecond 0 is no limit */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Comes back when it is due. Who is aborted has taken nothing. @throws what the signal aborts with */
  async take(amount: number, signal?: AbortSignal): Promise<void> {
    if (this.#perSecond === 0) return;
    const before = this.#lastTurn;
    const turn = this.#wait(before, amount, signal);
    // Also of one that is aborted, which does not let the next one by before its time.
    this.#lastTurn = Promise.allSettled([before, turn]);
    await turn;
  }

  async #wait(before: Promise<unknown>, amount: number, signal?: AbortSignal): Promise<void> {
    await (signal === undefined ? before : unlessAborted(before, signal));
    signal?.throwIfAborted();
    const now = performance.now();
    const dueAtMs = Math.max(this.#freeAtMs, now - MADE_UP_FOR_MS);
    if (dueAtMs - now >= SHORTEST_WAIT_MS) {
      await pause(dueAtMs - now, undefined, signal === undefined ? {} : { signal });
    }
    this.#freeAtMs = dueAtMs + (amount / this.#perSecond) * 1_000;
  }
}
