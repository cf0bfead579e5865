/** Opening the live store: one server, a master that sentinels know, or a cluster. */
import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { TierdError } from '../domain/errors.ts';
import type { LiveTarget, RedisNode } from '../domain/live/live-target.ts';
import { connectInTime } from './connect-in-time.ts';
import { keySlot } from './key-slot.ts';
import { otherProtocol, refuseSilence } from './other-protocol.ts';
import { RawConnection } from './raw-connection.ts';
import { redisError } from './redis-error.ts';
import { refuseClusterNode } from './refuse-cluster-node.ts';
import { selectDatabase } from './select-database.ts';
import { hearSentinels } from './sentinel-answers.ts';
import { readCertificate, readKey } from './tls-files.ts';

/** ioredis' types tell its clients apart by the mapping of replies, which stays as it is. */
type Options = Omit<RedisOptions, 'replyMapping'>;

export interface LiveStore {
  /** `redis://cache:6379/0`, for messages. */
  readonly place: string;
  /** Takes commands that name their keys, and finds the server that has them. */
  readonly client: Redis | Cluster;
  readonly isCluster: boolean;
  readonly waitReplicas: number;
  /** When the certificate that we show runs out; null where we show none. */
  readonly ownCertificateUntil: number | null;
  /** For what concerns a whole server: SCAN, INFO. One unless it is a cluster. */
  masters(): readonly Redis[];
  /** The server that has `key`, for commands that speak of a connection: WAITAOF. */
  serverOf(key: string): Redis;
  /** One more connection, whose replies stay bytes; in a cluster to the server that has `key`. */
  openRaw(key: string): Promise<RawConnection>;
  /** Closes all its connections. */
  close(): void;
}

/**
 * Connected, and ready to be asked. A connection that breaks is not mended: its commands fail, and
 * whoever used it opens another store and reads again what was not acknowledged. A command whose
 * reply was lost is never sent a second time.
 *
 * `signal` ends the connecting; what is connected is not concerned.
 *
 * Throws REDIS_UNREACHABLE, TLS_FAILED or PERMISSION_DENIED, naming the place, never the password; CONFIG_INVALID
 * for one node of a cluster that was named as a server by itself, or a database that the server does not have.
 */
export async function connectLive(
  target: LiveTarget,
  job: string,
  signal?: AbortSignal,
): Promise<LiveStore> {
  const place = describeTarget(target);
  const options = optionsOf(target, job);
  const client =
    target.topology.kind === 'cluster'
      ? clusterOf(target.topology.nodes, options)
      : new Redis({ ...options, ...placeOf(target.topology, options) });
  const sentinels =
    target.topology.kind === 'sentinel'
      ? hearSentinels(client, place, target.topology.master)
      : () => null;
  const over = new AbortController();
  try {
    await Promise.race([
      connectInTime(client, connectLimitMs(target), signal),
      refuseSilence(target, place, over.signal),
    ]);
    if (client instanceof Redis) {
      await refuseClusterNode(client, place, target.db);
      await selectDatabase(client, place, target.db);
    }
  } catch (error) {
    client.disconnect();
    const told = redisError(error, `connecting to Redis at ${place}`);
    const isUnclear = told.code === 'REDIS_UNREACHABLE' && signal?.aborted !== true;
    const clearer = isUnclear ? (sentinels() ?? (await otherProtocol(target, place))) : null;
    throw clearer ?? cutForOurCertificate(target, told) ?? told;
  } finally {
    over.abort();
  }
  return storeOf(client, place, target);
}

/** A server that wants a certificate says so and cuts the line: which of the two is heard is chance. */
function cutForOurCertificate({ tls }: LiveTarget, told: TierdError): TierdError | null {
  const code = told.cause instanceof Error && 'code' in told.cause ? told.cause.code : null;
  if (tls === null || tls.certFile !== undefined || code !== 'ECONNRESET') return null;
  return new TierdError({
    code: 'REDIS_UNREACHABLE',
    message: told.message,
    hint: 'a server that wants a certificate of tierd’s own cuts the line like this: give it redis.tls_cert_file and tls_key_file; else look into its log',
    cause: told,
  });
}

/** Every node that is named may be tried, and then the one that they name. */
function connectLimitMs({ topology, connectTimeoutMs }: LiveTarget): number {
  const named = topology.kind === 'single' ? 1 : topology.nodes.length;
  return connectTimeoutMs * (named + 1);
}

function storeOf(
  client: Redis | Cluster,
  place: string,
  { db, waitReplicas, tls }: LiveTarget,
): LiveStore {
  const further: Redis[] = [];
  const masters = (): readonly Redis[] =>
    client instanceof Redis ? [client] : wholeCluster(client, place);
  const serverOf = (key: string): Redis => {
    if (client instanceof Redis) return client;
    const [name] = client.slots[keySlot(key)] ?? [];
    const found = client.nodes('master').find((node) => nameOf(node) === name);
    if (found !== undefined) return found;
    throw new TierdError({
      code: 'REDIS_UNREACHABLE',
      message: `no master of ${place} has the slot of "${key}"`,
      hint: 'a part of the cluster is down; see CLUSTER SLOTS',
    });
  };
  return {
    place,
    client,
    isCluster: !(client instanceof Redis),
    waitReplicas,
    ownCertificateUntil: certificateUntil(tls?.certFile),
    masters,
    serverOf,
    async openRaw(key) {
      const another = serverOf(key).duplicate({ lazyConnect: true });
      another.on('error', () => undefined);
      further.push(another);
      await another.connect();
      if (client instanceof Redis) await selectDatabase(another, place, db);
      return new RawConnection(another);
    },
    close() {
      client.disconnect();
      for (const another of further) another.disconnect();
    },
  };
}

const SLOTS = 16_384;

/** ioredis leaves out a node whose line was cut: the others would pass for all of them. */
function wholeCluster(cluster: Cluster, place: string): readonly Redis[] {
  const found = cluster.nodes('master');
  const names = new Set(found.map(nameOf));
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const name = cluster.slots[slot]?.[0];
    if (name !== undefined && names.has(name)) continue;
    throw new TierdError({
      code: 'REDIS_UNREACHABLE',
      message: `slot ${String(slot)} of ${place} ${name === undefined ? 'has no master' : `is at node ${name}, which is away`}`,
      hint: 'a part of the cluster is down; see CLUSTER SLOTS',
    });
  }
  return found;
}

const nameOf = ({ options: { host, port } }: Redis): string => `${host ?? ''}:${String(port)}`;

/** `redis://cache:6379/0`, without user and password. */
function describeTarget({ topology, db, tls }: LiveTarget): string {
  const scheme = tls === null ? 'redis' : 'rediss';
  switch (topology.kind) {
    case 'single':
      return `${scheme}://${topology.node.host}:${String(topology.node.port)}/${String(db)}`;
    case 'sentinel':
      return `${scheme}://${topology.master}/${String(db)}, by sentinels at ${listNodes(topology.nodes)}`;
    case 'cluster':
      return `${scheme}://${listNodes(topology.nodes)}, a cluster`;
  }
}

const listNodes = (nodes: readonly RedisNode[]): string =>
  nodes.map(({ host, port }) => `${host}:${String(port)}`).join(', ');

function optionsOf(target: LiveTarget, job: string): Options {
  const { username, password, db, connectTimeoutMs, commandTimeoutMs } = target;
  return {
    connectionName: `tierd/${job}`,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    db,
    ...(target.tls === null ? {} : { tls: tlsOptions(target.tls) }),
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    // A rename or a read of a group that ran, and is run again because its reply was lost, strands
    // what the first one took.
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    lazyConnect: true,
  };
}

function placeOf(
  topology: Exclude<LiveTarget['topology'], { kind: 'cluster' }>,
  { tls, connectTimeout }: Options,
): Options {
  if (topology.kind === 'single') {
    const { host, port } = topology.node;
    return host.startsWith('/') ? { path: host } : { host, port };
  }
  const { master, nodes, username, password } = topology;
  return {
    name: master,
    sentinels: [...nodes],
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
    ...(connectTimeout === undefined ? {} : { sentinelCommandTimeout: connectTimeout }),
    sentinelRetryStrategy: () => null,
  };
}

function clusterOf(nodes: readonly RedisNode[], options: Options): Cluster {
  const { retryStrategy: _, enableOfflineQueue: __, path: ___, sentinels: ____, ...rest } = options;
  return new Cluster([...nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: null,
    // It asks for CLUSTER INFO, and where that is refused it waits for ever. A cluster that is down
    // says so to every command.
    enableReadyCheck: false,
    // Names are checked against what was configured, not against the addresses that nodes announce.
    dnsLookup: (address, callback) => {
      callback(null, address);
    },
    redisOptions: rest,
  });
}

function tlsOptions(tls: NonNullable<LiveTarget['tls']>): ConnectionOptions {
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.caFile === undefined ? {} : { ca: readCertificate('tls_ca_file', tls.caFile).pem }),
    ...(tls.certFile === undefined
      ? {}
      : { cert: readCertificate('tls_cert_file', tls.certFile).pem }),
    ...(tls.keyFile === undefined ? {} : { key: readKey(tls.keyFile) }),
  };
}

function certificateUntil(file: string | undefined): number | null {
  return file === undefined ? null : Date.parse(readCertificate('tls_cert_file', file).validTo);
}
