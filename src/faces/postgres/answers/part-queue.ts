/** Parts of an answer between the process that makes them and the client that reads them. */

/** So much is there at the most before the client asks: short answers free their process at once. */
const HELD_BYTES = 1024 * 1024;

export class PartQueue {
  #parts: Buffer[] = [];
  #bytes = 0;
  #end: { readonly error: unknown } | null = null;
  #isAbandoned = false;
  #onPart: (() => void) | null = null;
  #onRoom: (() => void) | null = null;

  /** Resolves when there is room for more, or nobody wants more. */
  async put(part: Buffer, signal: AbortSignal): Promise<void> {
    if (this.#isAbandoned) return;
    this.#parts.push(part);
    this.#bytes += part.length;
    this.#onPart?.();
    while (this.#bytes >= HELD_BYTES && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal.removeEventListener('abort', go);
          resolve();
        };
        signal.addEventListener('abort', go, { once: true });
        this.#onRoom = go;
      });
      this.#onRoom = null;
    }
  }

  /** There will be no more. @param error null: it was all */
  end(error: unknown): void {
    this.#end ??= { error };
    this.#onPart?.();
  }

  /** What was put in is thrown away, and so is what comes. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#parts = [];
    this.#bytes = 0;
    this.#onRoom?.();
  }

  /** Null at the end. One waits at a time. @throws what it ended with */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        this.#bytes -= part.length;
        if (this.#bytes < HELD_BYTES) this.#onRoom?.();
        return part;
      }
      if (this.#end !== null) {
        if (this.#end.error !== null) throw this.#end.error as Error;
        return null;
      }
      await new Promise<void>((resolve) => {
        this.#onPart = resolve;
      });
      this.#onPart = null;
    }
  }
}
