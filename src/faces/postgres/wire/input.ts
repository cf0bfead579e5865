/** The bytes of a connection in their order, for one who waits for so many of them. */
import type { Duplex } from 'node:stream';

/** So many are taken in before they are asked for; the rest waits with the sender. */
const HELD_BYTES = 64 * 1024;

export class Input {
  readonly #source: Duplex;
  readonly #onEnd: () => void;
  #parts: Buffer[] = [];
  #bytes = 0;
  #wanted = 0;
  #isEnded = false;
  #wake: (() => void) | null = null;

  /** @param onEnd called once, when no more will come: while an answer is made, nobody waits here */
  constructor(source: Duplex, onEnd: () => void) {
    this.#source = source;
    this.#onEnd = onEnd;
    source.on('data', this.#add).once('end', this.#end).once('close', this.#end);
  }

  /** Null where the sender ended before. One waits at a time. */
  async take(bytes: number): Promise<Buffer | null> {
    this.#wanted = bytes;
    if (this.#bytes < bytes && this.#source.isPaused()) this.#source.resume();
    while (this.#bytes < bytes) {
      if (this.#isEnded) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    this.#wanted = 0;
    const all = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    const taken = all?.subarray(0, bytes) ?? Buffer.alloc(0);
    this.#parts = all !== undefined && bytes < this.#bytes ? [all.subarray(bytes)] : [];
    this.#bytes -= bytes;
    if (this.#bytes <= HELD_BYTES && this.#source.isPaused()) this.#source.resume();
    return taken;
  }

  /** Listens no longer. @returns how many bytes had come that nobody took */
  release(): number {
    this.#source.off('data', this.#add).off('end', this.#end).off('close', this.#end);
    this.#source.pause();
    return this.#bytes;
  }

  readonly #add = (part: Buffer): void => {
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes > Math.max(HELD_BYTES, this.#wanted)) this.#source.pause();
    if (this.#bytes >= this.#wanted) this.#wake?.();
  };

  readonly #end = (): void => {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#wake?.();
    this.#onEnd();
  };
}
