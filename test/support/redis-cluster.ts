/** A Redis Cluster of three masters on this machine. */
import { vi } from 'vitest';
import { openRedis } from './live.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { freePort } from './server-process.ts';

const SLOTS = 16_384;
const MASTERS = 3;

export async function startRedisCluster(): Promise<readonly RedisServer[]> {
  const servers = await Promise.all(
    Array.from({ length: MASTERS }, async () => {
      // The bus is at port + 10,000 unless told otherwise, where there may be no port any more.
      const bus = String(await freePort());
      return startRedis({ settings: { 'cluster-enabled': 'yes', 'cluster-port': bus } });
    }),
  );
  const clients = servers.map(({ url }) => openRedis(url));
  const size = Math.ceil(SLOTS / MASTERS);
  for (const [index, client] of clients.entries()) {
    const last = Math.min((index + 1) * size, SLOTS) - 1;
    await client.call('CLUSTER', 'ADDSLOTSRANGE', index * size, last);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  for (const server of servers.slice(1)) {
    const bus = await busPort(server);
    await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', server.port, bus);
  }
  await vi.waitFor(
    async () => {
      for (const client of clients) {
        const info = String(await client.call('CLUSTER', 'INFO'));
        if (!info.includes('cluster_state:ok') || !info.includes('cluster_known_nodes:3')) {
          throw new Error(`the cluster did not come together:\n${info}`);
        }
      }
    },
    { timeout: 60_000, interval: 100 },
  );
  for (const client of clients) client.disconnect();
  return servers;
}

async function busPort({ url }: RedisServer): Promise<number> {
  const client = openRedis(url);
  const [, port] = (await client.call('CONFIG', 'GET', 'cluster-port')) as string[];
  client.disconnect();
  return Number(port);
}
