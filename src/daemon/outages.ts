/**
 * Stores that are away, as the log tells them: once when it begins and once when it is over, however
 * many look and however often. Who looks is the survey, and each job's process.
 */
import type { Clock } from '../domain/time/clock.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import type { DaemonLogger } from './job.ts';

interface Outage {
  readonly sinceMs: EpochMs;
  /** Who has not seen the store again. */
  readonly seenBy: Set<string>;
}

export class Outages {
  readonly #clock: Clock;
  readonly #logger: DaemonLogger;
  readonly #outages = new Map<string, Outage>();

  constructor(clock: Clock, logger: DaemonLogger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** @param reason null: the store answers `observer` */
  note(observer: string, store: string, reason: string | null): void {
    const known = this.#outages.get(store);
    if (reason === null) {
      if (known?.seenBy.delete(observer) !== true || known.seenBy.size > 0) return;
      this.#outages.delete(store);
      const seconds = Math.round((this.#clock.now() - known.sinceMs) / 1_000);
      this.#logger.info({ store }, `${store} can be used again, after ${String(seconds)} s`);
      return;
    }
    if (known !== undefined) {
      known.seenBy.add(observer);
      this.#logger.debug({ store, observer }, `${store}: ${reason}`);
      return;
    }
    this.#outages.set(store, { sinceMs: this.#clock.now(), seenBy: new Set([observer]) });
    this.#logger.warn(
      { store, observer },
      `${store} can't be used, and is tried until it can: ${reason}`,
    );
  }

  /** It has ended, and sees nothing any more: of a store that nobody else misses nobody knows. */
  forget(observer: string): void {
    for (const [store, { seenBy }] of this.#outages) {
      seenBy.delete(observer);
      if (seenBy.size === 0) this.#outages.delete(store);
    }
  }
}
