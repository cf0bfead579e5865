/**
 * Who may use how much of the engine's memory at a time. DuckDB spills what it can and fails where it can't:
 * of rows that are large against its limit a sort, a writer and a reader each hold some that can't be spilled.
 */

/** What a writer holds of a row: in the table, in the sort, in the row group, in its page, and compressed. */
const WRITE_COPIES = 8;
/** Of few rows that are large nothing is spilled while they are written; of others all but this. */
const WRITE_SHARE = 3 / 8;
/** What a reader holds of a row group: as it lies in the file, unpacked, and as values. */
const READ_COPIES = 4;
const READ_SHARE = 1 / 8;

/** @param isWide few rows that are large */
export function bytesToWrite(tableBytes: number, isWide: boolean, limitBytes: number): number {
  const most = tableBytes * WRITE_COPIES;
  return isWide ? most : Math.min(most, limitBytes * WRITE_SHARE);
}

/** @param isWide few rows that are large */
export function bytesToRead(groupBytes: number, isWide: boolean, limitBytes: number): number {
  const most = groupBytes * READ_COPIES;
  return isWide ? most : Math.min(most, limitBytes * READ_SHARE);
}

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

export class MemoryShares {
  readonly #limitBytes: number;
  #usedBytes = 0;
  /** The first of them is let in first: a large one must not wait for ever behind small ones. */
  readonly #waiting: Waiting[] = [];

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /**
   * Does `work` once `bytes` are free beside what others hold. What needs more than there is has all of it.
   * Never call it inside itself: the inner one could wait for the outer.
   */
  async hold<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    const share = Math.min(bytes, this.#limitBytes);
    await this.#take(share);
    try {
      return await work();
    } finally {
      this.#usedBytes -= share;
      this.#letIn();
    }
  }

  #take(bytes: number): Promise<void> {
    return new Promise((begin) => {
      this.#waiting.push({ bytes, begin });
      this.#letIn();
    });
  }

  #letIn(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#usedBytes + next.bytes > this.#limitBytes) return;
      this.#waiting.shift();
      this.#usedBytes += next.bytes;
      next.begin();
    }
  }
}
