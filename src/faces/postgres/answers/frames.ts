/** Messages within parts that are cut anywhere. */
import type { PartQueue } from './part-queue.ts';

/** A letter and a length, which counts itself. */
const HEAD_BYTES = 5;

export class Frames {
  readonly #parts: Pick<PartQueue, 'next'>;
  #left: Buffer = Buffer.alloc(0);

  constructor(parts: Pick<PartQueue, 'next'>) {
    this.#parts = parts;
  }

  /** The next so many, whole. Fewer only where there are no more. */
  async take(messages: number): Promise<Buffer> {
    let taken = 0;
    for (let found = 0; found < messages; ) {
      const end = this.#endOf(taken);
      if (end === null) {
        if (!(await this.#more())) break;
      } else {
        taken = end;
        found += 1;
      }
    }
    const all = this.#left.subarray(0, taken);
    this.#left = this.#left.subarray(taken);
    return all;
  }

  /** Hands on at most so many, as they come. @returns how many */
  async pass(most: number, give: (part: Buffer) => Promise<void>): Promise<number> {
    let passed = 0;
    for (;;) {
      let at = 0;
      while (passed < most) {
        const end = this.#endOf(at);
        if (end === null) break;
        at = end;
        passed += 1;
      }
      const whole = this.#left.subarray(0, at);
      this.#left = this.#left.subarray(at);
      if (whole.length > 0) await give(whole);
      if (passed === most || !(await this.#more())) return passed;
    }
  }

  /** Hands on all there are, without a look at them. */
  async passAll(give: (part: Buffer) => Promise<void>): Promise<void> {
    const left = this.#left;
    this.#left = Buffer.alloc(0);
    if (left.length > 0) await give(left);
    for (let part = await this.#parts.next(); part !== null; part = await this.#parts.next()) {
      await give(part);
    }
  }

  /** Where the message at `at` ends; null where it is not all there. */
  #endOf(at: number): number | null {
    if (this.#left.length < at + HEAD_BYTES) return null;
    const end = at + 1 + this.#left.readInt32BE(at + 1);
    return end <= this.#left.length ? end : null;
  }

  async #more(): Promise<boolean> {
    const part = await this.#parts.next();
    if (part === null) return false;
    this.#left = this.#left.length === 0 ? part : Buffer.concat([this.#left, part]);
    return true;
  }
}
