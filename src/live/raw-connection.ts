/**
 * A connection whose replies stay bytes. A client that makes an object of every field spends more
 * time on a batch than Redis does; and what packs fields into one in a script costs Redis four times
 * as much as the plain command.
 */
import { type Redis, ReplyError } from 'ioredis';
import { encodeCommand, ReplyScanner, refusalOf } from './resp.ts';

interface Request {
  readonly count: number;
  readonly resolve: (replies: readonly Buffer[]) => void;
  readonly reject: (error: Error) => void;
}

/** What is kept from one request to the next; larger ones get memory of their own. */
const KEPT_BYTES = 256 * 1024;

export class RawConnection {
  readonly #client: Redis;
  readonly #scanner = new ReplyScanner();
  /** What has arrived of the replies at hand. */
  #bytes: Buffer = Buffer.allocUnsafe(KEPT_BYTES);
  #used = 0;
  #ends: number[] = [];
  #request: Request | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failure: Error | null = null;

  /** @param client connected, with nothing under way; it is of no other use from now on. */
  constructor(client: Redis) {
    this.#client = client;
    const { stream } = client;
    stream.removeAllListeners('data');
    stream.on('data', (piece: Buffer) => {
      this.#take(piece);
    });
    stream.on('error', (error: Error) => {
      this.#fail(error);
    });
    stream.on('close', () => {
      this.#fail(new Error('Connection is closed.'));
    });
  }

  /**
   * The reply to each command, errors among them, in a memory that is theirs alone. One request at
   * a time. Rejects when the connection breaks or is silent for too long, and then always.
   */
  ask(commands: readonly (readonly string[])[]): Promise<readonly Buffer[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      if (this.#request !== null) {
        reject(new RangeError('a raw connection answers one request at a time'));
        return;
      }
      this.#request = { count: commands.length, resolve, reject };
      const timeoutMs = this.#client.options.commandTimeout;
      if (timeoutMs !== undefined) {
        this.#timer = setTimeout(() => {
          this.#fail(new Error('Command timed out'));
        }, timeoutMs);
      }
      const text = commands.map(encodeCommand).join('');
      // As UTF-8 the same bytes, at several times the cost.
      this.#client.stream.write(text, isAscii(text) ? 'latin1' : 'utf8');
    });
  }

  #take(piece: Buffer): void {
    if (this.#used + piece.length > this.#bytes.length) this.#grow(piece.length);
    piece.copy(this.#bytes, this.#used);
    this.#used += piece.length;
    try {
      this.#look();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #grow(more: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#used + more));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }

  #look(): void {
    const request = this.#request;
    if (request === null) throw new RangeError('Redis answered what nobody had asked');
    while (this.#ends.length < request.count) {
      const end = this.#scanner.next(this.#bytes, this.#used);
      if (end < 0) {
        this.#timer?.refresh();
        return;
      }
      this.#ends.push(end);
    }
    this.#answer(request);
  }

  #answer({ resolve }: Request): void {
    // Slow: from no pool, so that small replies don't keep large blocks alive, and exactly as long.
    const bytes = Buffer.allocUnsafeSlow(this.#used);
    this.#bytes.copy(bytes, 0, 0, this.#used);
    let from = 0;
    const replies = this.#ends.map((end) => {
      const reply = bytes.subarray(from, end);
      from = end;
      return reply;
    });
    this.#clear();
    resolve(replies);
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(KEPT_BYTES);
    this.#timer = null;
    this.#request = null;
    this.#used = 0;
    this.#ends = [];
    this.#scanner.reset();
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    const request = this.#request;
    this.#clear();
    // Whatever it still sends answers a request that nobody waits for any more.
    this.#client.disconnect();
    request?.reject(error);
  }
}

function isAscii(text: string): boolean {
  return !/[\u0080-\uffff]/.test(text);
}

/** Throws Redis' refusal as ioredis does; gives any other reply back. */
export function unlessRefused(reply: Buffer | undefined): Buffer {
  const refusal = refusalOf(reply);
  if (refusal !== null) throw new (ReplyError as new (message: string) => Error)(refusal);
  return reply ?? Buffer.alloc(0);
}
