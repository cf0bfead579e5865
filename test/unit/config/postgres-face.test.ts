import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type TierdConfig } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/domain/problem.ts';
import { directoryWith, errorOf, problemsOf } from '../../support/config-file.ts';

const MINIMAL = `
postgres: { url: "postgres://tierd@db/market" }
lake: { type: local, path: lake }
datasets: { news: { time_column: t } }
`;
const SECRET = 'a-secret-of-some-length';
const USERS = `users: { ann: { password: ${SECRET} } }`;

function load(text: string, env: Record<string, string> = {}): TierdConfig {
  const directory = directoryWith({ 'unified_config.yaml': MINIMAL + text });
  writeFileSync(join(directory, 'bob'), `${SECRET}-of-bob\n`);
  return loadConfig({ env, workingDirectory: directory });
}

describe('server.postgres', () => {
  it('is off unless it is configured, and then on the loopback interface', () => {
    expect(load('').postgresFace).toBeUndefined();
    expect(load('server: { port: 0 }').postgresFace).toBeUndefined();
    expect(load(`server: { postgres: { port: 5433, ${USERS} } }`).postgresFace).toEqual({
      host: '127.0.0.1',
      port: 5433,
      users: [{ name: 'ann', password: SECRET }],
      tls: null,
      maxConnections: 64,
      attach: {
        schema: 'attached',
        host: '127.0.0.1',
        port: 5433,
        user: { name: 'ann', password: SECRET },
      },
    });
  });

  it('is reached by PostgreSQL where attach says, as whom it says', () => {
    const users = `users: { ann: { password: ${SECRET} }, bob: { password_file: bob } }`;
    const attach = 'attach: { schema: ours, host: tierd.internal, port: 6000, user: bob }';
    const { postgresFace } = load(`server: { postgres: { port: 0, ${users}, ${attach} } }`);
    expect(postgresFace?.attach).toEqual({
      schema: 'ours',
      host: 'tierd.internal',
      port: 6000,
      user: { name: 'bob', password: `${SECRET}-of-bob` },
    });
  });

  it('takes passwords out of variables and files', () => {
    const users = `users: { ann: { password: "\${ANN}" }, bob: { password_file: bob } }`;
    const { postgresFace } = load(`server: { postgres: { port: 0, ${users} } }`, { ANN: SECRET });
    expect(postgresFace?.users).toEqual([
      { name: 'ann', password: SECRET },
      { name: 'bob', password: `${SECRET}-of-bob` },
    ]);
  });

  it('finds its certificate beside the configuration', () => {
    const tls = 'tls_cert_file: cert.pem, tls_key_file: /etc/key.pem';
    const { postgresFace } = load(
      `server: { postgres: { port: 0, host: 0.0.0.0, ${tls}, ${USERS} } }`,
    );
    expect(postgresFace?.tls?.certFile).toMatch(/^\/.*\/cert\.pem$/);
    expect(postgresFace?.tls?.keyFile).toBe('/etc/key.pem');
  });

  it.each([
    [
      `{ port: 0, host: 0.0.0.0, ${USERS} }`,
      'host (line 5): what is asked and answered could be read on its way, expected tls_cert_file and tls_key_file beside it, or a loopback address',
    ],
    [
      `{ port: 0, tls_cert_file: c, ${USERS} }`,
      'tls_cert_file (line 5): stands alone, expected tls_key_file beside it',
    ],
    [
      '{ port: 0, users: {} }',
      'users (line 5): nobody could ask, expected at least one user with a password',
    ],
    [
      '{ port: 0, users: { ann: { password: short } } }',
      'users.ann.password (line 5): is too short to be a secret, expected at least 16 characters, as from `openssl rand -hex 32`',
    ],
    [
      '{ port: 0, users: { ann: {} } }',
      'users.ann (line 5): has no password, expected password or password_file',
    ],
    [
      `{ port: 0, users: { ann: { password: ${SECRET}, password_file: bob } } }`,
      'users.ann.password_file (line 5): stands beside password, expected only one of the two',
    ],
  ])('refuses %s', (face, expected) => {
    const found = problemsOf(errorOf(() => load(`server: { postgres: ${face} }`)));
    expect(found.map(formatProblem)).toEqual([`server.postgres.${expected}`]);
  });
});
