import type { EpochMs } from '../../domain/time/time-range.ts';

const WINDOW_MS = 10_000;

interface Sample {
  readonly at: EpochMs;
  readonly done: number;
}

/** How fast something goes, over the last ten seconds: long enough to be calm, short enough to be true. */
export class RateMeter {
  #samples: Sample[] = [];

  add(at: EpochMs, done: number): void {
    const last = this.#samples.at(-1);
    // Work that begins anew (the next slice) must not count as negative progress.
    if (last !== undefined && done < last.done) this.#samples = [];
    this.#samples.push({ at, done });
    // One sample older than the window stays, as the point to measure from.
    while ((this.#samples[1]?.at ?? at) < at - WINDOW_MS) this.#samples.shift();
  }

  /** Units per second up to `now`, or undefined before there is anything to tell it from. */
  perSecond(now: EpochMs): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || now - first.at < 200) return undefined;
    return ((last.done - first.done) / (now - first.at)) * 1000;
  }
}
