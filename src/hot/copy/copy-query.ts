/**
 * One `COPY … TO STDOUT (FORMAT binary)` on a connection of `pg`, from submission until the server
 * is ready for the next query. `pg` calls the methods of `Submittable`; everything that the server
 * sends comes through the socket we took over.
 */
import type { Client, Connection, Submittable } from 'pg';
import { type ColumnBatch } from '../../domain/columns/column-batch.ts';
import { type BatchDecoder } from './batch-decoder.ts';
import { requestCancel } from './cancel-request.ts';
import { type SocketTakeover, takeOverSocket } from './socket-takeover.ts';
import { brokenStream } from './stream-errors.ts';

const COPY_DONE = 0x63;
const READY_FOR_QUERY = 0x5a;
/** How long a cancelled query may take to end before its connection is cut. */
const CANCEL_TIMEOUT_MS = 5_000;

export interface CopyQueryOptions {
  readonly client: Client;
  readonly copySql: string;
  readonly decoder: BatchDecoder;
  /** The stream waits for its promise, if it returns one. */
  readonly onBatch: (batch: ColumnBatch) => Promise<void> | undefined;
}

/** What the server said at the end. */
export interface CopyOutcome {
  /** Of CommandComplete, or null where it never came. */
  readonly reportedRows: number | null;
}

interface Settle {
  readonly resolve: (outcome: CopyOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export class CopyQuery implements Submittable {
  readonly done: Promise<CopyOutcome>;
  readonly #options: CopyQueryOptions;
  readonly #settle: Settle;
  #takeover: SocketTakeover | null = null;
  #pumping = false;
  #settled = false;
  #failure: { readonly error: unknown } | null = null;
  #cancelling: Promise<unknown> = Promise.resolve();
  #delivery: Promise<unknown> = Promise.resolve();
  #reportedRows: number | null = null;

  constructor(options: CopyQueryOptions) {
    this.#options = options;
    let settle: Settle = { resolve: () => undefined, reject: () => undefined };
    this.done = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#settle = settle;
  }

  /** Ends the query early; `done` then rejects with `error`. Later calls change nothing. */
  stop(error: unknown): void {
    if (this.#settled || this.#failure !== null) return;
    this.#failure = { error };
    const takeover = this.#takeover;
    if (takeover === null) return;
    const cut = setTimeout(() => takeover.destroy(), CANCEL_TIMEOUT_MS);
    this.#cancelling = requestCancel(this.#options.client, CANCEL_TIMEOUT_MS).then((sent) => {
      if (!sent) takeover.destroy();
    });
    void this.done.catch(() => undefined).finally(() => clearTimeout(cut));
    // What is under way is read and thrown away until the server says that it stopped.
    takeover.resume();
  }

  submit(connection: Connection): void {
    if (this.#failure !== null) {
      // Stopped before it began: `pg` must still see a query come and go.
      connection.query('');
      return;
    }
    const onData = (chunk: Uint8Array): void => {
      this.#options.decoder.push(chunk);
      void this.#pump();
    };
    const onClose = (): void => {
      this.#failure ??= { error: new Error('Connection terminated while rows were read') };
      this.#finish();
    };
    this.#takeover = takeOverSocket(connection, onData, onClose);
    connection.query(this.#options.copySql);
  }

  handleCommandComplete(message: { readonly text: string }): void {
    const match = /^COPY (\d+)$/u.exec(message.text);
    if (match !== null) this.#reportedRows = Number(match[1]);
  }

  /** The server refused or gave up: its ReadyForQuery is still to come, unheard by `pg`. */
  handleError(error: unknown): void {
    this.#failure ??= { error };
  }

  handleReadyForQuery(): void {
    this.#finish();
  }

  handleEmptyQuery(): void {
    // Only the empty query of `submit`, whose end is its ReadyForQuery.
  }

  handleRowDescription(): void {
    this.#failure ??= { error: brokenStream('the statement is no COPY') };
  }

  handleDataRow(): void {
    // Follows a row description, which has failed already.
  }

  #finish(): void {
    if (this.#settled) return;
    this.#settled = true;
    const failure = this.#failure;
    // A cancel that is still on its way would hit the connection's next query, and a batch that is
    // still being taken in is still lent.
    void Promise.allSettled([this.#cancelling, this.#delivery]).then(() => {
      if (failure === null) this.#settle.resolve({ reportedRows: this.#reportedRows });
      else this.#settle.reject(failure.error);
    });
  }

  /** Works through what has arrived; a batch that takes its time halts the socket. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      const { decoder } = this.#options;
      for (;;) {
        const stop = decoder.scan();
        if (stop === 'needs bytes') break;
        if (stop === 'batch full') await this.#deliver();
        else if (await this.#passOn(decoder.message)) break;
      }
    } catch (error) {
      // The stream can't be followed any further, so neither can the end of the query be found.
      this.#failure ??= { error };
      this.#takeover?.destroy();
    } finally {
      this.#pumping = false;
    }
  }

  async #deliver(): Promise<void> {
    const { decoder, onBatch } = this.#options;
    if (this.#failure === null) {
      try {
        const pending = onBatch(decoder.decode());
        if (pending !== undefined) {
          this.#delivery = pending;
          this.#takeover?.pause();
          await pending;
          this.#takeover?.resume();
        }
      } catch (error) {
        this.stop(error);
      }
    }
    decoder.release();
  }

  /** Hands a message to `pg`; whether it was the last. */
  async #passOn(message: Uint8Array): Promise<boolean> {
    if (message[0] === COPY_DONE && this.#options.decoder.pendingRows > 0) await this.#deliver();
    const takeover = this.#takeover;
    const isLast = message[0] === READY_FOR_QUERY;
    // `pg` may send its next query as soon as it sees the last message.
    if (isLast) takeover?.giveBack();
    takeover?.forward(message);
    if (isLast) this.#finish();
    return isLast;
  }
}
