/**
 * Stands between the keyboard and the line editor. While a query runs, what is typed waits, so that it does
 * not stand in the middle of the rows; only Ctrl-C gets through, and takes with it what waits, as a
 * terminal's own Ctrl-C does.
 */
import { PassThrough, type Readable } from 'node:stream';

const CTRL_C = 0x03;

/** Of a terminal: as keys come, or as lines. */
export type Keyboard = Readable & { setRawMode?(isRaw: boolean): unknown };

export class KeyGate extends PassThrough {
  readonly #keyboard: Keyboard;
  #onInterrupt: (() => void) | null = null;
  #waiting: Buffer[] = [];

  constructor(keyboard: Keyboard) {
    super();
    this.#keyboard = keyboard;
    keyboard.on('data', (keys: Buffer | string) => this.#take(Buffer.from(keys)));
    keyboard.once('end', () => this.end());
  }

  /** The line editor asks for it, and undoes it at its end. */
  setRawMode(isRaw: boolean): this {
    this.#keyboard.setRawMode?.(isRaw);
    return this;
  }

  /** Until `release`. */
  hold(onInterrupt: () => void): void {
    this.#onInterrupt = onInterrupt;
  }

  release(): void {
    this.#onInterrupt = null;
    for (const keys of this.#waiting.splice(0)) this.write(keys);
  }

  #take(keys: Buffer): void {
    if (this.#onInterrupt === null) {
      this.write(keys);
      return;
    }
    const interrupt = keys.lastIndexOf(CTRL_C);
    if (interrupt >= 0) {
      this.#waiting = [];
      this.#onInterrupt();
    }
    this.#waiting.push(keys.subarray(interrupt + 1));
  }
}
