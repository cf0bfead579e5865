/** Drivers of Go get over the PostgreSQL face what they get of PostgreSQL itself. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { expectAlike, type FacePlace } from '../support/face-clients.ts';

it('pgx and lib/pq get what PostgreSQL gives them', async () => {
  const go = process.env['TIERD_TEST_GO'] ?? '';
  expect(go, 'TIERD_TEST_GO').not.toBe('');
  const program = join(mkdtempSync(join(tmpdir(), 'tierd-go-')), 'face_clients');
  execFileSync(go, ['build', '-o', program, '.'], { cwd: import.meta.dirname });
  const settings = {
    ...{ timezone: 'UTC', datestyle: 'ISO', intervalstyle: 'postgres' },
    ...{ extra_float_digits: '1', bytea_output: 'hex' },
  };
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const query = `sslmode=disable&options=${encodeURIComponent(options.join(' '))}`;
  const order = (postgres: string, { host, port, user, password, dbname }: FacePlace) => {
    const signedIn = `${user}:${encodeURIComponent(password)}`;
    return {
      postgres: `${postgres}?${query}`,
      face: `postgres://${signedIn}@${host}:${String(port)}/${dbname}?${query}`,
    };
  };
  await expectAlike([program], order, 40);
});
