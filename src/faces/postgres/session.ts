/**
 * A client's session: its messages one after the other, each answered before the next is read. What goes wrong with
 * a statement is told, and the session goes on; what is no protocol ends it.
 */

import { Cursors } from './cursors.ts';
import { faceErrorOf } from './describe-error.ts';
import { ExtendedProtocol } from './extended-protocol.ts';
import type { FaceDesk, HotFacts } from './face-desk.ts';
import { FaceError, protocolViolation } from './face-error.ts';
import type { Run } from './portals/portal.ts';
import { Settings } from './settings.ts';
import { runSimpleQuery } from './simple-query.ts';
import type { CancelKey } from './start-up/cancel-keys.ts';
import type { StartUp } from './start-up/first-message.ts';
import { Statements } from './statements.ts';
import { Transaction } from './transaction.ts';
import { backendKeyData, errorResponse, parameterStatus, readyForQuery } from './wire/backend.ts';
import type { Connection } from './wire/connection.ts';
import { FieldReader } from './wire/field-reader.ts';
import { type FrontendMessage, readMessage } from './wire/read-message.ts';

export interface SessionParts {
  readonly connection: Connection;
  readonly started: StartUp;
  readonly facts: HotFacts;
  readonly desk: FaceDesk;
  /** Told of what nobody foresaw. */
  readonly onError: (error: unknown) => void;
}

/** Of a statement and of its values, which become its text. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

export class Session {
  readonly #connection: Connection;
  readonly #started: StartUp;
  readonly #onError: (error: unknown) => void;
  readonly #settings: Settings;
  readonly #transaction: Transaction;
  readonly #statements: Statements;
  readonly #extended: ExtendedProtocol;
  readonly #cursors = new Cursors();
  readonly #ended = new AbortController();
  /** Of the message that is answered. */
  #interrupt: AbortController | null = null;
  /** After an error within the extended protocol, up to Sync. */
  #isSkipping = false;

  constructor({ connection, started, facts, desk, onError }: SessionParts) {
    this.#connection = connection;
    this.#started = started;
    this.#onError = onError;
    this.#settings = new Settings({ user: started.user, ...facts });
    this.#transaction = new Transaction(this.#settings);
    this.#statements = new Statements({
      desk,
      settings: this.#settings,
      transaction: this.#transaction,
      cursors: this.#cursors,
      deallocate: (name) => this.#extended.deallocate(name),
      endPortals: () => this.#extended.closePortals(),
    });
    this.#extended = new ExtendedProtocol(this.#statements, this.#cursors);
  }

  /** Of protocol 3. */
  get minor(): number {
    return this.#started.minor;
  }

  /** What is answered at the moment ends; where nothing is, nothing happens. */
  cancel(): void {
    this.#interrupt?.abort(
      new FaceError({
        sqlstate: '57014',
        message: 'canceling statement due to user request',
      }),
    );
  }

  /** The daemon stops: the client is told so at once. */
  terminate(): void {
    this.#ended.abort(adminShutdown());
    this.#interrupt?.abort(adminShutdown());
  }

  /** @throws FaceError, fatal, for what ends it */
  async run(key: CancelKey): Promise<void> {
    const { gone } = this.#connection;
    const leave = (): void => this.#interrupt?.abort(clientGone());
    gone.addEventListener('abort', leave, { once: true });
    try {
      await this.#welcome(key);
      await this.#answerAll();
    } finally {
      gone.removeEventListener('abort', leave);
      await this.#extended.closePortals();
      await this.#cursors.end(false);
      await this.#transaction.rollback();
    }
  }

  async #welcome({ pid, secret }: CancelKey): Promise<void> {
    for (const [name, value] of this.#started.settings) this.#settings.set(name, value);
    this.#settings.settle();
    const reported = this.#settings.reported();
    await this.#connection.send(...reported.map(({ name, value }) => parameterStatus(name, value)));
    await this.#connection.send(backendKeyData(pid, secret), readyForQuery('I'));
    await this.#connection.flush();
  }

  async #answerAll(): Promise<void> {
    for (;;) {
      const found = await this.#next();
      if (found === null || found.type === 'Terminate') return;
      this.#interrupt = new AbortController();
      if (this.#connection.gone.aborted) this.#interrupt.abort(clientGone());
      try {
        await this.#answer(found, this.#interrupt.signal);
      } finally {
        this.#interrupt = null;
      }
    }
  }

  /** @throws FaceError where the daemon stops meanwhile */
  async #next(): Promise<FrontendMessage | null> {
    const { signal } = this.#ended;
    signal.throwIfAborted();
    let stop = (): void => undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([readMessage(this.#connection.input, MAX_MESSAGE_BYTES), stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async #answer(found: FrontendMessage, signal: AbortSignal): Promise<void> {
    const { type } = found;
    if (this.#isSkipping && type !== 'Sync') return;
    const run: Run = { signal, send: (...messages) => this.#connection.send(...messages) };
    try {
      switch (type) {
        case 'Query':
          await this.#query(found, run);
          return;
        case 'Sync':
          this.#isSkipping = false;
          if (this.#transaction.status === 'I') await this.#extended.closePortals();
          await this.#ready();
          return;
        case 'Flush':
          await this.#connection.flush();
          return;
        case 'CopyData':
        case 'CopyDone':
        case 'CopyFail':
          // As PostgreSQL: what comes after a COPY that was refused.
          return;
        case 'Secret':
          throw protocolViolation('a password came where none was asked for');
        default:
          await this.#extended.answer(type, found.body, run);
      }
    } catch (error) {
      await this.#fail(error);
      this.#isSkipping = true;
    }
  }

  async #query({ body }: FrontendMessage, run: Run): Promise<void> {
    try {
      const fields = new FieldReader(body);
      const text = fields.text();
      fields.end();
      await runSimpleQuery(text, this.#statements, run);
    } catch (error) {
      await this.#fail(error);
    }
    await this.#ready();
  }

  async #ready(): Promise<void> {
    await this.#connection.send(readyForQuery(this.#transaction.status));
    await this.#connection.flush();
  }

  /** @throws FaceError, fatal, where it ends the session */
  async #fail(error: unknown): Promise<void> {
    const told = faceErrorOf(error, this.#onError);
    if (told.isFatal) throw told;
    this.#transaction.fail();
    await this.#connection.send(errorResponse(told));
    await this.#connection.flush();
  }
}

function adminShutdown(): FaceError {
  return new FaceError({
    sqlstate: '57P01',
    message: 'terminating connection due to administrator command',
    isFatal: true,
  });
}

function clientGone(): FaceError {
  return new FaceError({
    sqlstate: '08006',
    message: 'the client is gone',
    isFatal: true,
  });
}
