/** The `postgres` section: what may be written there and what it becomes. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { choice, duration, secret, text, wholeNumber } from './fields.ts';
import { parseDuration } from './units.ts';

export interface PostgresConfig {
  /** A complete connection URL, password included: never to be logged or printed. */
  readonly url: string;
  /** Where the lease and VACUUM connect: past any pooler. The same as `url` unless configured. */
  readonly directUrl: string;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
}

export const postgresSection = z.strictObject({
  url: secret(
    'Connection URL of the hot store. Either this, or `host` and its companions.',
    'postgres://tierd@db.internal:5432/trading',
  ).optional(),
  url_file: text('File that holds `url`, for secrets kept by systemd or Docker.').optional(),
  host: text('Host name, or the directory of a Unix socket.', 'db.internal').optional(),
  port: wholeNumber({ min: 1, max: 65_535 }, 'Port. 5432 when left out.').optional(),
  user: text('User to connect as.', 'tierd').optional(),
  password: secret('Password. Better `password_file` or `${VAR}`.').optional(),
  password_file: text('File that holds the password.', '/run/secrets/pg_password').optional(),
  database: text('Database that holds the tables.', 'trading').optional(),
  ssl: choice(
    ['disable', 'require', 'verify-full'],
    'Encryption. `require` encrypts without checking who answers; `verify-full` checks the certificate and the name. When left out, what the URL says.',
  ).optional(),
  ssl_ca_file: text(
    'Certificate authority for `verify-full`, where the system does not know it. Of a `url` with `sslmode=disable`, to a pooler beside tierd, it is for `direct_url` alone.',
  ).optional(),
  direct_url: secret(
    'A connection past PgBouncer, for the lease and VACUUM. When left out, the same connection is used for everything.',
  ).optional(),
  direct_url_file: text('File that holds `direct_url`.').optional(),
  connect_timeout: duration('Give up connecting after this long.').default('10s'),
  statement_timeout: duration(
    'Longest single statement, an export of a slice included. 0s is no limit.',
  ).default('1h'),
  lock_timeout: duration(
    'Longest wait for a lock on a table. Short, because whoever wants the table next queues behind tierd.',
  ).default('5s'),
});

export type PostgresFile = z.output<typeof postgresSection>;

/** Keys that may come from a file instead: the key with `_file` appended. */
export const POSTGRES_SECRETS = ['url', 'password', 'direct_url'] as const;

export function resolvePostgres(file: PostgresFile, directory: string): PostgresConfig {
  const authority =
    file.ssl_ca_file === undefined ? undefined : resolve(directory, file.ssl_ca_file);
  const url = withSsl(file.url ?? urlFromParts(file), file.ssl, authority);
  return {
    url,
    directUrl: file.direct_url === undefined ? url : withSsl(file.direct_url, file.ssl, authority),
    connectTimeoutMs: parseDuration(file.connect_timeout),
    statementTimeoutMs: parseDuration(file.statement_timeout),
    lockTimeoutMs: parseDuration(file.lock_timeout),
  };
}

function urlFromParts(file: PostgresFile): string {
  const socket = file.host?.startsWith('/') === true;
  const url = new URL(`postgres://${socket ? 'localhost' : (file.host ?? 'localhost')}`);
  url.port = String(file.port ?? 5432);
  // The setters of URL leave some characters as they are; encode all of them.
  url.username = encodeURIComponent(file.user ?? '');
  url.password = encodeURIComponent(file.password ?? '');
  url.pathname = `/${encodeURIComponent(file.database ?? '')}`;
  if (socket && file.host !== undefined) url.searchParams.set('host', file.host);
  return url.href;
}

/**
 * Says the wanted encryption inside the URL, the one place every client of it reads. `require` and
 * weaker mean to the pg driver what they mean to psql only when it is told so.
 */
function withSsl(text: string, ssl: PostgresFile['ssl'], authority: string | undefined): string {
  const url = new URL(text);
  const mode = url.searchParams.get('sslmode') ?? ssl;
  if (mode === undefined) return text;
  url.searchParams.set('sslmode', mode);
  if (authority !== undefined) url.searchParams.set('sslrootcert', authority);
  if (mode !== 'verify-full' && mode !== 'disable') {
    url.searchParams.set('uselibpqcompat', 'true');
  }
  return url.href;
}
