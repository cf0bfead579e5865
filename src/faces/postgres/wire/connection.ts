/** One client's connection: its bytes in, and messages out as fast as it reads them. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { Input } from './input.ts';

/** So much waits to be sent in one piece. */
const FLUSH_BYTES = 16 * 1024;

export class Connection {
  readonly input: Input;
  readonly #socket: Duplex;
  readonly #gone = new AbortController();
  #pending: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
    // What is wrong with it shows where it is read or written.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#gone.abort());
    this.input = new Input(socket, () => this.#gone.abort());
  }

  /** Aborted when the client is gone, or sends no more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when more may be sent: what the client does not read piles up nowhere. */
  async send(...messages: readonly Buffer[]): Promise<void> {
    for (const one of messages) {
      this.#pending.push(one);
      this.#bytes += one.length;
    }
    if (this.#bytes >= FLUSH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#bytes === 0) return;
    const all = this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending);
    this.#pending = [];
    this.#bytes = 0;
    if (this.#socket.destroyed || !this.#socket.writable) return;
    if (!this.#socket.write(all)) {
      // Whoever is gone reads nothing any more; that shows where the next message is read.
      await once(this.#socket, 'drain', { signal: this.gone }).catch(() => undefined);
    }
  }

  /** Everything that was sent, then the end. */
  async end(): Promise<void> {
    await this.flush();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
