/** Tells of who showed a token or a password that nobody has: for who reads the log, or bans addresses. */
import type { Clock } from './time/clock.ts';
import type { EpochMs } from './time/time-range.ts';

/** Of one address, in a minute: a guesser must not fill the disk. */
const WINDOW_MS = 60_000;
/** Of all of them together. */
const MAX_ADDRESSES = 20;

export class WrongSecrets {
  readonly #clock: Clock;
  readonly #what: string;
  readonly #tell: (found: string) => void;
  #windowMs: EpochMs = 0;
  #told = new Set<string>();
  #untold = 0;

  /**
   * @param what is shown: `a wrong token`
   * @param tell gets one line, which never holds what was shown
   */
  constructor(clock: Clock, what: string, tell: (found: string) => void) {
    this.#clock = clock;
    this.#what = what;
    this.#tell = tell;
  }

  /**
   * The first of an address in a minute is told, and how many there were besides in the last one.
   *
   * @param where it was shown
   */
  note(address: string, where: string): void {
    const window = Math.floor(this.#clock.now() / WINDOW_MS) * WINDOW_MS;
    if (window !== this.#windowMs) {
      const untold = this.#untold;
      this.#windowMs = window;
      this.#told = new Set();
      this.#untold = 0;
      if (untold > 0) this.#tell(`${String(untold)} more requests showed ${this.#what} before`);
    }
    if (this.#told.has(address) || this.#told.size === MAX_ADDRESSES) {
      this.#untold += 1;
      return;
    }
    this.#told.add(address);
    this.#tell(`${address} showed ${this.#what}: ${where}`);
  }
}
