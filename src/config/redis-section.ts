/** The `redis` section: what may be written there and what it becomes. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { LiveTarget, RedisNode, RedisTls } from '../domain/live/live-target.ts';
import { choice, duration, secret, text, textList, wholeNumber } from './fields.ts';
import { parseDuration } from './units.ts';

const NODES = 'host:port';

const nodes = (description: string): z.ZodArray<z.ZodString> =>
  textList(NODES, description, ['10.0.0.1:6379', '10.0.0.2:6379']);

const sentinel = z.strictObject({
  master: text('Name of the master, as the sentinels know it.', 'mymaster'),
  nodes: nodes('The sentinels.'),
  username: text('User to connect to the sentinels as.').optional(),
  password: secret('Password of the sentinels, which is not that of the servers.').optional(),
  password_file: text('File that holds the password of the sentinels.').optional(),
});

const cluster = z.strictObject({
  nodes: nodes('Some nodes of the cluster; the others are found through them.'),
});

export const redisSection = z.strictObject({
  url: secret(
    'Connection URL of the live store; `rediss://` is TLS. One of this, `host`, `sentinel` and `cluster`.',
    'redis://tierd@cache.internal:6379/0',
  ).optional(),
  url_file: text('File that holds `url`, for secrets kept by systemd or Docker.').optional(),
  host: text('Host name, or the path of a Unix socket.', 'cache.internal').optional(),
  port: wholeNumber({ min: 1, max: 65_535 }, 'Port. 6379 when left out.').optional(),
  sentinel: sentinel
    .optional()
    .meta({ description: 'Ask sentinels for the master, and follow it when it fails over.' }),
  cluster: cluster.optional().meta({ description: 'A Redis Cluster.' }),
  username: text('ACL user to connect as. `default` when left out.', 'tierd').optional(),
  password: secret('Password. Better `password_file` or `${VAR}`.').optional(),
  password_file: text('File that holds the password.', '/run/secrets/redis_password').optional(),
  db: wholeNumber(
    { min: 0, max: 1_000_000 },
    'Number of the database. A cluster is read in 0, also where it has several (Valkey 9). When left out, what the URL says, or 0.',
  ).optional(),
  tls: choice(
    ['disable', 'require', 'verify-full'],
    'Encryption. `require` encrypts without checking who answers; `verify-full` checks the certificate and the name. When left out: `verify-full` with a `rediss://` URL, else `disable`.',
  ).optional(),
  tls_ca_file: text(
    'Certificate authority for `verify-full`, where the system does not know it.',
  ).optional(),
  tls_cert_file: text('Certificate to show, where the server asks for one.').optional(),
  tls_key_file: text('Key of `tls_cert_file`.').optional(),
  connect_timeout: duration('Give up connecting after this long.').default('10s'),
  command_timeout: duration(
    'Give up on a server that has not answered a command for this long.',
  ).default('30s'),
  wait_replicas: wholeNumber(
    { min: 0, max: 64 },
    'Replicas that must hold the claim of a list before its first row is committed. Without them a failover can bring back a list that was drained already.',
  ).default(0),
});

export type RedisFile = z.output<typeof redisSection>;

/** Keys that may come from a file instead, by the path of their section. */
export const REDIS_SECRETS = ['url', 'password'] as const;
export const SENTINEL_SECRETS = ['password'] as const;

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;

/** `file` has been checked, and its secrets that stand in files are filled in. */
export function resolveRedis(file: RedisFile, fileDirectory: string): LiveTarget {
  const url = file.url === undefined ? undefined : new URL(file.url);
  const username = file.username ?? decoded(url?.username);
  const password = file.password ?? decoded(url?.password);
  return {
    topology: topologyOf(file, url),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    db: file.db ?? Number(url?.pathname.slice(1) ?? 0),
    tls: tlsOf(file, url, fileDirectory),
    connectTimeoutMs: parseDuration(file.connect_timeout),
    commandTimeoutMs: parseDuration(file.command_timeout),
    waitReplicas: file.wait_replicas,
  };
}

function topologyOf(file: RedisFile, url: URL | undefined): LiveTarget['topology'] {
  if (file.cluster !== undefined) {
    return { kind: 'cluster', nodes: file.cluster.nodes.map((node) => nodeOf(node, DEFAULT_PORT)) };
  }
  if (file.sentinel !== undefined) {
    const { master, username, password } = file.sentinel;
    return {
      kind: 'sentinel',
      master,
      nodes: file.sentinel.nodes.map((node) => nodeOf(node, DEFAULT_SENTINEL_PORT)),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
  }
  const node =
    url === undefined
      ? { host: file.host ?? 'localhost', port: file.port ?? DEFAULT_PORT }
      : nodeOf(url.host, DEFAULT_PORT);
  return { kind: 'single', node };
}

const NODE = /^(\[[^\]]+\]|[^:\s]+)(?::(\d{1,5}))?$/;

/** Whether `text` is `host`, `host:port` or `[ipv6]:port`. */
export function isNode(text: string): boolean {
  return NODE.test(text);
}

function nodeOf(text: string, defaultPort: number): RedisNode {
  const [, host = text, port] = NODE.exec(text) ?? [];
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? defaultPort : Number(port),
  };
}

function tlsOf(file: RedisFile, url: URL | undefined, fileDirectory: string): RedisTls | null {
  const mode = file.tls ?? (url?.protocol === 'rediss:' ? 'verify-full' : 'disable');
  if (mode === 'disable') return null;
  const { tls_ca_file, tls_cert_file, tls_key_file } = file;
  return {
    verify: mode === 'verify-full',
    ...(tls_ca_file === undefined ? {} : { caFile: resolve(fileDirectory, tls_ca_file) }),
    ...(tls_cert_file === undefined ? {} : { certFile: resolve(fileDirectory, tls_cert_file) }),
    ...(tls_key_file === undefined ? {} : { keyFile: resolve(fileDirectory, tls_key_file) }),
  };
}

function decoded(part: string | undefined): string | undefined {
  return part === undefined || part === '' ? undefined : decodeURIComponent(part);
}
