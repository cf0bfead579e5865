/** From the first byte of a connection to who it is; encryption before, where the client wants it. */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { FaceError, protocolViolation } from '../face-error.ts';
import { negotiateProtocolVersion } from '../wire/backend.ts';
import { Connection } from '../wire/connection.ts';
import { readFirstMessage } from '../wire/read-message.ts';
import type { CancelKeys } from './cancel-keys.ts';
import { MAJOR, NEWEST_MINOR, readFirst, type StartUp } from './first-message.ts';
import { logIn } from './log-in.ts';
import type { Users } from './users.ts';

/** As PostgreSQL's own. */
const MAX_FIRST_BYTES = 10_000;

export interface StartUpRooms {
  /** Null: none is offered. */
  readonly tls: SecureContext | null;
  readonly users: Users;
  readonly keys: CancelKeys;
}

/**
 * @param line what is spoken over, which is another one once it is encrypted
 * @returns null where the client went away, or wanted no session
 * @throws FaceError, fatal
 */
export async function startUp(
  socket: Socket,
  line: { connection: Connection },
  { tls, users, keys }: StartUpRooms,
): Promise<StartUp | null> {
  let isEncrypted = false;
  const refused = new Set<string>();
  for (;;) {
    const body = await readFirstMessage(line.connection.input, MAX_FIRST_BYTES);
    if (body === null) return null;
    const first = readFirst(body);
    if (first.kind === 'cancel') {
      keys.cancel(first.pid, first.secret);
      return null;
    }
    if (first.kind === 'start') {
      if (tls !== null && !isEncrypted && !isLocal(socket)) throw unencrypted();
      return (await begin(line.connection, users, first.start)) ? first.start : null;
    }
    if (isEncrypted || refused.has(first.of)) {
      throw protocolViolation('encryption is asked for once');
    }
    if (first.of === 'tls' && tls !== null) {
      line.connection = await encrypt(socket, line.connection, tls);
      isEncrypted = true;
    } else {
      refused.add(first.of);
      await line.connection.send(Buffer.from('N'));
      await line.connection.flush();
    }
  }
}

async function begin(connection: Connection, users: Users, start: StartUp): Promise<boolean> {
  const { minor, protocolOptions, user } = start;
  if (minor > NEWEST_MINOR || protocolOptions.length > 0) {
    const newest = MAJOR * 0x10000 + Math.min(minor, NEWEST_MINOR);
    await connection.send(negotiateProtocolVersion(newest, protocolOptions));
  }
  return logIn(connection, users, user);
}

async function encrypt(
  socket: Socket,
  connection: Connection,
  secureContext: SecureContext,
): Promise<Connection> {
  // What was sent in the clear must not be taken for what came encrypted.
  if (connection.input.release() > 0) {
    throw protocolViolation('bytes came between the wish for TLS and its beginning');
  }
  socket.write('S');
  return new Connection(new TLSSocket(socket, { isServer: true, secureContext }));
}

function isLocal({ remoteAddress = '' }: Socket): boolean {
  return /^(::ffff:)?127\.|^::1$/.test(remoteAddress);
}

function unencrypted(): FaceError {
  return new FaceError({
    sqlstate: '28000',
    message: 'from another machine only TLS is answered',
    hint: 'Connect with sslmode=require.',
    isFatal: true,
  });
}
