/** The driver of Java gets over the PostgreSQL face what it gets of PostgreSQL itself. */
import { join } from 'node:path';
import { it } from 'vitest';
import { expectAlike, type FacePlace } from '../support/face-clients.ts';
import { SESSION } from './session.ts';

const driver = process.env['TIERD_TEST_PGJDBC'] ?? '';

it.skipIf(driver === '')('pgjdbc gets what PostgreSQL gives it', async () => {
  const program = join(import.meta.dirname, 'FaceClients.java');
  const client = ['java', '-Duser.timezone=UTC', '-cp', driver, program] as const;
  const urlOf = ({ host, port, user, password, dbname }: FacePlace): string => {
    const signedIn = `user=${user}&password=${encodeURIComponent(password)}`;
    return `jdbc:postgresql://${host}:${String(port)}/${dbname}?${signedIn}&sslmode=disable&options=${SESSION}`;
  };
  const order = (postgres: string, face: FacePlace): string => {
    const { hostname: host, port, username: user, password, pathname } = new URL(postgres);
    const place = { host, port: Number(port), user, password, dbname: pathname.slice(1) };
    return `${urlOf(place)}\n${urlOf(face)}\n`;
  };
  await expectAlike(client, order, 15);
});
