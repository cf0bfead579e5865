/** How many entries to ask for at once: no more than what those before let hope will fit. */

/** The first page tells how large entries are. */
const FIRST_PAGE = 16;
/** Then pages grow by this at most: a few large entries behind many small ones must not fill memory. */
const GROWTH = 4;

export class PageSize {
  readonly #most: number;
  #last = FIRST_PAGE / GROWTH;
  #averageBytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** For `room` bytes; at least one. */
  next(room: number): number {
    const fitting = this.#averageBytes === 0 ? FIRST_PAGE : Math.floor(room / this.#averageBytes);
    this.#last = Math.max(1, Math.min(this.#most, this.#last * GROWTH, fitting));
    return this.#last;
  }

  /** What came of the last page. */
  learn(entries: number, bytes: number): void {
    if (entries > 0) this.#averageBytes = Math.max(1, bytes / entries);
  }
}
