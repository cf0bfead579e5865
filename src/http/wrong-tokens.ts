/** Tells of requests that showed a token that nobody has: for who reads the log, or bans addresses. */
import type { Clock } from '../domain/time/clock.ts';
import type { EpochMs } from '../domain/time/time-range.ts';

/** Of one address, in a minute: a guesser must not fill the disk. */
const WINDOW_MS = 60_000;
/** Of all of them together. */
const MAX_ADDRESSES = 20;
const MAX_PATH_SHOWN = 80;

export class WrongTokens {
  readonly #clock: Clock;
  readonly #tell: (found: string) => void;
  #windowMs: EpochMs = 0;
  #told = new Set<string>();
  #untold = 0;

  /** @param tell gets one line, which never holds what was shown */
  constructor(clock: Clock, tell: (found: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** The first of an address in a minute is told, and how many there were besides in the last one. */
  note(address: string, method: string, url: string): void {
    const window = Math.floor(this.#clock.now() / WINDOW_MS) * WINDOW_MS;
    if (window !== this.#windowMs) {
      const untold = this.#untold;
      this.#windowMs = window;
      this.#told = new Set();
      this.#untold = 0;
      if (untold > 0) this.#tell(`${String(untold)} more requests showed a wrong token before`);
    }
    if (this.#told.has(address) || this.#told.size === MAX_ADDRESSES) {
      this.#untold += 1;
      return;
    }
    this.#told.add(address);
    // Somebody may have put the token behind the question mark.
    const path = (url.split('?', 1)[0] ?? '').slice(0, MAX_PATH_SHOWN);
    this.#tell(`${address} showed a wrong token: ${method} ${path}`);
  }
}
