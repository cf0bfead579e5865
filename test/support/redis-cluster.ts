/** A Redis Cluster of three masters on this machine. */
import type { Redis } from 'ioredis';
import { vi } from 'vitest';
import { openRedis } from './live.ts';
import { type RedisOptions, type RedisServer, startRedis } from './redis-server.ts';
import { freePort } from './server-process.ts';

const SLOTS = 16_384;
const MASTERS = 3;

export async function startRedisCluster(
  options: RedisOptions = {},
): Promise<readonly RedisServer[]> {
  const servers = await Promise.all(Array.from({ length: MASTERS }, () => startNode(options)));
  const clients = servers.map(({ url }) => openRedis(url));
  const size = Math.ceil(SLOTS / MASTERS);
  for (const [index, client] of clients.entries()) {
    const last = Math.min((index + 1) * size, SLOTS) - 1;
    await client.call('CLUSTER', 'ADDSLOTSRANGE', index * size, last);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  for (const server of servers.slice(1)) await meet(servers[0], server);
  await together(clients, MASTERS);
  for (const client of clients) client.disconnect();
  return servers;
}

/** A further node of the cluster that takes the place of `master` when that is gone; in step with it. */
export async function addReplica(
  servers: readonly RedisServer[],
  master: RedisServer,
  options: RedisOptions = {},
): Promise<RedisServer> {
  const replica = await startNode(options);
  const clients = [...servers, replica].map(({ url }) => openRedis(url));
  const own = clients.at(-1);
  const of = openRedis(master.url);
  await meet(servers[0], replica);
  await together(clients, servers.length + 1);
  const id = String(await of.call('CLUSTER', 'MYID'));
  await vi.waitFor(async () => own?.call('CLUSTER', 'REPLICATE', id), PATIENCE);
  await vi.waitFor(async () => {
    const info = String(await own?.info('replication'));
    if (!info.includes('master_link_status:up')) throw new Error('it is not in step');
  }, PATIENCE);
  for (const client of [...clients, of]) client.disconnect();
  return replica;
}

/** Every slot of `from` goes to `to`, key by key, as `redis-cli --cluster reshard` does it. */
export async function moveSlots(
  servers: readonly RedisServer[],
  from: RedisServer,
  to: RedisServer,
  slots: readonly number[],
): Promise<void> {
  const clients = servers.map(({ url }) => openRedis(url));
  const [source, target] = [openRedis(from.url), openRedis(to.url)];
  const [sourceId, targetId] = [
    String(await source.call('CLUSTER', 'MYID')),
    String(await target.call('CLUSTER', 'MYID')),
  ];
  for (const slot of slots) {
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId);
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId);
    for (;;) {
      const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
      if (keys.length === 0) break;
      await source.call('MIGRATE', '127.0.0.1', to.port, '', 0, 60_000, 'KEYS', ...keys);
    }
    for (const client of [target, source, ...clients]) {
      await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
    }
  }
  for (const client of [...clients, source, target]) client.disconnect();
}

const PATIENCE = { timeout: 60_000, interval: 100 };

/** The bus is at port + 10,000 unless told otherwise, where there may be no port any more. */
async function startNode(options: RedisOptions): Promise<RedisServer> {
  const settings = { 'cluster-enabled': 'yes', 'cluster-port': String(await freePort()) };
  return startRedis({ ...options, settings: { ...settings, ...options.settings } });
}

async function meet(first: RedisServer | undefined, other: RedisServer): Promise<void> {
  const client = openRedis(first?.url ?? '');
  await client.call('CLUSTER', 'MEET', '127.0.0.1', other.port, await busPort(other));
  client.disconnect();
}

async function together(clients: readonly Redis[], nodes: number): Promise<void> {
  await vi.waitFor(async () => {
    for (const client of clients) {
      const info = String(await client.call('CLUSTER', 'INFO'));
      const known = `cluster_known_nodes:${String(nodes)}`;
      if (!info.includes('cluster_state:ok') || !info.includes(known)) {
        throw new Error(`the cluster did not come together:\n${info}`);
      }
    }
  }, PATIENCE);
}

async function busPort({ url }: RedisServer): Promise<number> {
  const client = openRedis(url);
  const [, port] = (await client.call('CONFIG', 'GET', 'cluster-port')) as string[];
  client.disconnect();
  return Number(port);
}
