/** A client that reads an answer and looks at nothing of it: what it waits for is the server alone. */
import type { Socket } from 'node:net';
import pg from 'pg';

const READY = 'Z'.charCodeAt(0);
const ERROR = 'E'.charCodeAt(0);
const HEAD_BYTES = 5;

export interface Drained {
  readonly ms: number;
  readonly bytes: number;
}

/** Sends a statement as the simple protocol does, and counts what comes until the session is ready. @throws what the server says is wrong */
export async function drain(config: pg.ClientConfig, sql: string): Promise<Drained> {
  const client = new pg.Client(config);
  // It is cut off in the end, of which the library tells.
  client.on('error', () => undefined);
  await client.connect();
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  // The library has logged in; from here on it would look at each row.
  stream.removeAllListeners('data');
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(HEAD_BYTES, 'Q');
  head.writeInt32BE(4 + text.length, 1);
  const startedAt = performance.now();
  try {
    const bytes = await new Promise<number>((resolve, reject) => {
      const frames = new FrameCounter(resolve, reject);
      stream.on('data', (part: Buffer) => frames.take(part)).on('error', reject);
      stream.write(Buffer.concat([head, text]));
    });
    return { ms: performance.now() - startedAt, bytes };
  } finally {
    stream.destroy();
  }
}

/** Goes from head to head, whatever lies between them. */
class FrameCounter {
  readonly #onReady: (bytes: number) => void;
  readonly #onError: (error: Error) => void;
  #bytes = 0;
  /** Of the message that has begun: how much is still to come. */
  #left = 0;
  #head = Buffer.alloc(0);

  constructor(onReady: (bytes: number) => void, onError: (error: Error) => void) {
    this.#onReady = onReady;
    this.#onError = onError;
  }

  take(part: Buffer): void {
    this.#bytes += part.length;
    for (let at = 0; at < part.length; ) {
      const skipped = Math.min(this.#left, part.length - at);
      this.#left -= skipped;
      at += skipped;
      if (this.#left > 0 || at === part.length) continue;
      const more = part.subarray(at, at + HEAD_BYTES - this.#head.length);
      this.#head = Buffer.concat([this.#head, more]);
      at += more.length;
      if (this.#head.length < HEAD_BYTES) return;
      this.#begin(part, at);
    }
  }

  #begin(part: Buffer, at: number): void {
    const [letter] = this.#head;
    this.#left = this.#head.readInt32BE(1) - 4;
    this.#head = Buffer.alloc(0);
    if (letter === ERROR) this.#onError(new Error(part.toString('latin1', at, at + 500)));
    if (letter === READY) this.#onReady(this.#bytes);
  }
}
