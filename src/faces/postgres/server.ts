/**
 * The PostgreSQL wire of the query engine: takes connections in, has each prove who it is, and gives it a session.
 * What a client sends ends its own connection at the most.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { faceErrorOf } from './describe-error.ts';
import type { FaceDesk } from './face-desk.ts';
import { FaceError } from './face-error.ts';
import { Session } from './session.ts';
import { CancelKeys } from './start-up/cancel-keys.ts';
import { startUp } from './start-up/start-up.ts';
import { type FaceUser, Users } from './start-up/users.ts';
import { errorResponse } from './wire/backend.ts';
import { Connection } from './wire/connection.ts';

export interface PostgresFaceOptions {
  readonly host: string;
  /** 0 is any that is free. */
  readonly port: number;
  readonly users: readonly FaceUser[];
  /** Null: none is offered. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Sessions at once. */
  readonly maxConnections: number;
  /** From the connection to who it is. */
  readonly startUpMs?: number;
  readonly desk: FaceDesk;
  /** Told of what nobody foresaw; the client gets no details. */
  readonly onError: (error: unknown) => void;
  /** Told of who showed a wrong name or password. */
  readonly onWrongPassword: (address: string) => void;
}

const START_UP_MS = 10_000;
/** Beside the sessions: those that are not known yet, and those that only cancel. */
const MAX_STARTING = 64;
const KEEP_ALIVE_MS = 30_000;
/** For the last words to reach a client. */
const GOODBYE_MS = 1_000;

export class PostgresFace {
  readonly #options: PostgresFaceOptions;
  readonly #server: Server;
  readonly #tls: SecureContext | null;
  readonly #keys = new CancelKeys();
  readonly #sessions = new Set<Session>();
  readonly #sockets = new Set<Socket>();
  #users: Users;
  #starting = 0;

  private constructor(options: PostgresFaceOptions, users: Users) {
    this.#options = options;
    this.#users = users;
    this.#tls = options.tls === null ? null : createSecureContext(options.tls);
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    this.#server = createServer({ noDelay: true, ...keepAlive });
    this.#server.on('connection', (socket) => void this.#greet(socket));
  }

  /** @throws what keeps the address from being listened on, and what is wrong with the certificate */
  static async open(options: PostgresFaceOptions): Promise<PostgresFace> {
    const face = new PostgresFace(options, await Users.of(options.users));
    await new Promise<void>((resolve, reject) => {
      face.#server.once('error', reject);
      face.#server.listen({ host: options.host, port: options.port }, resolve);
    });
    face.#server.removeAllListeners('error').on('error', options.onError);
    return face;
  }

  get port(): number {
    const found = this.#server.address();
    return found === null || typeof found === 'string' ? this.#options.port : found.port;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** Whoever is in stays in. */
  async setUsers(users: readonly FaceUser[]): Promise<void> {
    this.#users = await Users.of(users);
  }

  /** Tells each session that it ends, and waits until all have. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const session of this.#sessions) session.terminate();
    const impatience = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, GOODBYE_MS);
    await closed;
    clearTimeout(impatience);
  }

  /** Never rejects. */
  async #greet(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    if (this.#starting >= MAX_STARTING) {
      socket.destroy();
      return;
    }
    const line = { connection: new Connection(socket) };
    const { onError, onWrongPassword } = this.#options;
    try {
      const session = await this.#start(socket, line);
      if (session !== null) await this.#serve(session);
      await line.connection.end();
    } catch (error) {
      const told = faceErrorOf(error, onError);
      if (told.sqlstate === '28P01') onWrongPassword(socket.remoteAddress ?? '');
      await line.connection.send(errorResponse(told.asFatal()));
      await line.connection.end();
      // Whoever does not read what is wrong is not waited for.
      setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
    }
  }

  /** Null where there is nothing to serve. */
  async #start(socket: Socket, line: { connection: Connection }): Promise<Session | null> {
    const { desk, onError, startUpMs = START_UP_MS } = this.#options;
    this.#starting += 1;
    const impatience = setTimeout(() => socket.destroy(), startUpMs);
    try {
      const started = await startUp(socket, line, {
        tls: this.#tls,
        users: this.#users,
        keys: this.#keys,
      });
      if (started === null) return null;
      if (this.#sessions.size >= this.#options.maxConnections) throw tooMany();
      const facts = await desk.readHotFacts();
      return new Session({ connection: line.connection, started, facts, desk, onError });
    } finally {
      clearTimeout(impatience);
      this.#starting -= 1;
    }
  }

  async #serve(session: Session): Promise<void> {
    const key = this.#keys.add(session.minor, () => session.cancel());
    this.#sessions.add(session);
    try {
      await session.run(key);
    } finally {
      this.#keys.remove(key);
      this.#sessions.delete(session);
    }
  }
}

function tooMany(): FaceError {
  return new FaceError({
    sqlstate: '53300',
    message: 'sorry, too many clients already',
    hint: 'server.postgres.max_connections has how many there may be.',
    isFatal: true,
  });
}
