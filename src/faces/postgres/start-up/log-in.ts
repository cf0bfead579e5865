/** Who asks, proven by SCRAM-SHA-256. Nothing else is answered before. */
import { FaceError, protocolViolation } from '../face-error.ts';
import {
  authenticationOk,
  authenticationSasl,
  authenticationSaslContinue,
  authenticationSaslFinal,
} from '../wire/backend.ts';
import type { Connection } from '../wire/connection.ts';
import { decodeText, FieldReader } from '../wire/field-reader.ts';
import { readMessage } from '../wire/read-message.ts';
import { MECHANISM, ScramExchange } from './scram.ts';
import type { Users } from './users.ts';

/** Of a message before anybody is known: a step of SCRAM has some hundred bytes. */
const MAX_SECRET_BYTES = 4 * 1024;

/**
 * Whoever it is not takes the same way in the same time, whether the name or the password is wrong.
 *
 * @returns false where the client went away
 * @throws FaceError, fatal: 28P01 for a wrong name or password
 */
export async function logIn(connection: Connection, users: Users, user: string): Promise<boolean> {
  const exchange = new ScramExchange(users.verifierOf(user));
  await connection.send(authenticationSasl([MECHANISM]));
  const first = await readSecret(connection);
  if (first === null) return false;
  const fields = new FieldReader(first);
  const mechanism = fields.text();
  if (mechanism !== MECHANISM) {
    throw protocolViolation(
      `the client chose ${JSON.stringify(mechanism)}, and ${MECHANISM} was offered`,
    );
  }
  const length = fields.int32();
  const clientFirst = decodeText(fields.bytes(Math.max(0, length)));
  fields.end();
  await connection.send(authenticationSaslContinue(exchange.begin(clientFirst)));
  const final = await readSecret(connection);
  if (final === null) return false;
  const proof = exchange.finish(decodeText(final));
  if (proof === null) {
    throw new FaceError({
      sqlstate: '28P01',
      message: `password authentication failed for user "${user}"`,
      hint: 'Users of this face are those of server.postgres.users in the configuration of tierd, not those of PostgreSQL.',
      isFatal: true,
    });
  }
  await connection.send(authenticationSaslFinal(proof), authenticationOk());
  return true;
}

async function readSecret(connection: Connection): Promise<Buffer | null> {
  await connection.flush();
  const found = await readMessage(connection.input, MAX_SECRET_BYTES);
  if (found === null || found.type === 'Terminate') return null;
  if (found.type !== 'Secret') {
    throw protocolViolation(`${found.type} came where a password was asked for`);
  }
  return found.body;
}
