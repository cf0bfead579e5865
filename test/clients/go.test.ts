/** Drivers of Go get over the PostgreSQL face what they get of PostgreSQL itself. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'vitest';
import { expectAlike, type FacePlace } from '../support/face-clients.ts';
import { SESSION } from './session.ts';

const go = process.env['TIERD_TEST_GO'];

it.skipIf(go === undefined)('pgx and lib/pq get what PostgreSQL gives them', async () => {
  const program = join(mkdtempSync(join(tmpdir(), 'tierd-go-')), 'face_clients');
  execFileSync(go ?? '', ['build', '-o', program, '.'], { cwd: import.meta.dirname });
  const query = `sslmode=disable&options=${SESSION}`;
  const order = (postgres: string, { host, port, user, password, dbname }: FacePlace) => {
    const signedIn = `${user}:${encodeURIComponent(password)}`;
    return JSON.stringify({
      postgres: `${postgres}?${query}`,
      face: `postgres://${signedIn}@${host}:${String(port)}/${dbname}?${query}`,
    });
  };
  await expectAlike([program], order, 41);
});
