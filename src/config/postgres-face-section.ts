/** `server.postgres`: where the daemon answers in PostgreSQL's protocol, and whom. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { secret, text, wholeNumber } from './fields.ts';

export interface PostgresFaceConfig {
  readonly host: string;
  /** 0 is any that is free. */
  readonly port: number;
  readonly users: readonly { readonly name: string; readonly password: string }[];
  /** Null: no TLS. Only on the loopback interface. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly maxConnections: number;
  readonly attach: AttachConfig;
}

/** How PostgreSQL reaches this face, for `tierd attach`. */
export interface AttachConfig {
  /** Of the views. */
  readonly schema: string;
  readonly host: string;
  readonly port: number;
  readonly user: { readonly name: string; readonly password: string };
}

const user = z.strictObject(
  {
    password: secret('What the user has to show. At least 16 characters.').optional(),
    password_file: text('File that holds it.').optional(),
  },
  { error: 'a mapping with password or password_file' },
);

const attachSection = z.strictObject({
  schema: text(
    'Schema of the hot PostgreSQL that `tierd attach` makes and puts its views in.',
    'attached',
  ).default('attached'),
  user: text('Which of `users` PostgreSQL asks as; the first unless given.').optional(),
  host: text('Where PostgreSQL finds this port; `host` above unless given.', '10.0.0.7').optional(),
  port: wholeNumber(
    { min: 1, max: 65_535 },
    'The port there; `port` above unless given.',
    'a port',
  ).optional(),
});

export const postgresFaceSection = z.strictObject({
  port: wholeNumber(
    { min: 0, max: 65_535 },
    'Port on which queries are answered in PostgreSQL’s protocol, for psql, Grafana and drivers. 0 takes any that is free and says which.',
    'a port',
  ),
  host: text(
    'Address to listen on. Anything but the loopback interface needs `tls_cert_file`.',
    '127.0.0.1',
  ).default('127.0.0.1'),
  users: z
    .record(z.string().min(1), user, { error: 'a mapping of names to their passwords' })
    .meta({
      description:
        'Who may ask, by SCRAM-SHA-256. They are users of this port alone, not of PostgreSQL.',
      expects: 'name: password or password_file',
      examples: [{ grafana: { password_file: '/run/secrets/grafana' } }],
    }),
  tls_cert_file: text('Certificate, and those that vouch for it, as PEM.').optional(),
  tls_key_file: text('Its private key, as PEM.').optional(),
  max_connections: wholeNumber(
    { min: 1, max: 10_000 },
    'Sessions at once. How many of them are answered at once is query.concurrency.',
  ).default(64),
  attach: attachSection
    .prefault({})
    .meta({ description: 'What `tierd attach` writes into PostgreSQL.', expects: 'a mapping' }),
});

/** An address to listen on, and none to connect to. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '*';
}

export type PostgresFaceFile = z.output<typeof postgresFaceSection>;

/** Paths are those of the configuration file's directory. */
export function resolvePostgresFace(file: PostgresFaceFile, directory: string): PostgresFaceConfig {
  const { tls_cert_file: cert, tls_key_file: key, attach } = file;
  const users = Object.entries(file.users).map(([name, { password = '' }]) => ({ name, password }));
  const user = users.find(({ name }) => name === (attach.user ?? name));
  return {
    host: file.host,
    port: file.port,
    users,
    tls:
      cert === undefined || key === undefined
        ? null
        : { certFile: resolve(directory, cert), keyFile: resolve(directory, key) },
    maxConnections: file.max_connections,
    attach: {
      schema: attach.schema,
      host: attach.host ?? file.host,
      port: attach.port ?? file.port,
      user: user ?? { name: '', password: '' },
    },
  };
}
