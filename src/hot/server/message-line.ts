/** A connection to PostgreSQL whose messages pass as they are, for who asks and understands them by themselves. */
import type { Socket } from 'node:net';
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { connect, cut, disconnect, type PostgresTarget, socketOf } from './connect.ts';

/** A letter and a length, which counts itself. */
const HEAD_BYTES = 5;
const READY = 'Z'.charCodeAt(0);
/** A longer message, which a single value can make, is held by nobody. */
const MOST_BYTES = 32 * 1024 * 1024;

export class MessageLine {
  readonly #client: pg.Client;
  readonly #socket: Socket;
  #left: Buffer = Buffer.alloc(0);
  #onMessage: ((message: Buffer) => void) | null = null;
  #onBroken: ((error: Error) => void) | null = null;

  private constructor(client: pg.Client) {
    this.#client = client;
    this.#socket = socketOf(client);
    // From here on the library, which has logged in, reads nothing any more.
    this.#socket.removeAllListeners('data').on('data', this.#take);
    this.#socket.on('close', () => this.#onBroken?.(broken()));
  }

  /** @throws what `connect` throws */
  static async open(target: PostgresTarget): Promise<MessageLine> {
    return new MessageLine(await connect(target));
  }

  get isBroken(): boolean {
    return this.#socket.destroyed;
  }

  /**
   * @param request messages of a client's
   * @param readies how many of them are answered with ReadyForQuery
   * @param take each message of the answer, whole; those are not told
   * @throws TierdError POSTGRES_UNREACHABLE where it breaks; QUERY_TOO_LARGE, and the abort's reason: it is broken then as well
   */
  async exchange(
    request: Buffer,
    readies: number,
    take: (message: Buffer) => void,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const giveUp = (): void => cut(this.#client);
    signal.addEventListener('abort', giveUp, { once: true });
    let left = readies;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#onBroken = reject;
        this.#onMessage = (message) => {
          if (message[0] !== READY) take(message);
          else {
            left -= 1;
            if (left === 0) resolve();
          }
        };
        this.#socket.write(request);
      });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', giveUp);
      this.#onBroken = null;
      this.#onMessage = null;
    }
  }

  async close(): Promise<void> {
    await disconnect(this.#client);
  }

  readonly #take = (part: Buffer): void => {
    this.#left = this.#left.length === 0 ? part : Buffer.concat([this.#left, part]);
    let at = 0;
    while (this.#left.length >= at + HEAD_BYTES) {
      const length = this.#left.readInt32BE(at + 1);
      if (length > MOST_BYTES) {
        this.#onBroken?.(tooLong());
        cut(this.#client);
        return;
      }
      const end = at + 1 + length;
      if (end > this.#left.length) break;
      this.#onMessage?.(this.#left.subarray(at, end));
      at = end;
    }
    this.#left = this.#left.subarray(at);
  };
}

function broken(): TierdError {
  return new TierdError({
    code: 'POSTGRES_UNREACHABLE',
    message: 'the connection to PostgreSQL broke while it was asked of its catalogue',
    hint: 'ask again',
  });
}

function tooLong(): TierdError {
  return new TierdError({
    code: 'QUERY_TOO_LARGE',
    message: `PostgreSQL answered with a row of more than ${String(MOST_BYTES / 1024 ** 2)}MB`,
    hint: 'Ask for less at once, or ask PostgreSQL itself.',
  });
}
