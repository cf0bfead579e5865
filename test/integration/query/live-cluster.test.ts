/** What waits in a Redis or Valkey Cluster, asked for: every node's, or no answer. */
import { Cluster } from 'ioredis';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { DrainSource } from '../../../src/domain/drain/source.ts';
import type { SourceKind } from '../../../src/domain/live/live-entry.ts';
import type { LiveTarget } from '../../../src/domain/live/live-target.ts';
import { connectLive } from '../../../src/live/connect.ts';
import { keySlot } from '../../../src/live/key-slot.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { documentedRules } from '../../support/documented-rules.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { makeSource, TICKS } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { liveSideOf } from '../../support/live-side.ts';
import { targetOf } from '../../support/live-target.ts';
import { moveSlots, startRedisCluster } from '../../support/redis-cluster.ts';
import type { RedisOptions, RedisServer } from '../../support/redis-server.ts';
import { type Bench, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { hasValkey, valkeyTree } from '../../support/valkey.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const KINDS: readonly SourceKind[] = ['snapshot', 'move', 'claim', 'list', 'stream', 'zset'];
const KEYS = 90;

const PRODUCTS: readonly (readonly [string, () => RedisOptions])[] = [
  ['Redis', () => ({})],
  ...(hasValkey() ? [['Valkey', () => ({ tree: valkeyTree() })] as const] : []),
];

for (const [product, options] of PRODUCTS) {
  describeOn('redis', `live rows of a cluster of ${product}`, () => {
    let servers: readonly RedisServer[] = [];
    let cluster: Cluster;
    let target: LiveTarget;
    let database: TestDatabase;
    let db: pg.Client;
    let bench: Bench;
    let drains: DrainBench;

    beforeAll(async () => {
      servers = await startRedisCluster({
        ...options(),
        settings: { 'cluster-require-full-coverage': 'no', 'cluster-node-timeout': '1000' },
      });
      cluster = new Cluster(servers.map(({ port }) => ({ host: '127.0.0.1', port })));
      for (const node of servers) {
        const client = openRedis(node.url);
        await client.call(
          'ACL',
          'SETUSER',
          'tierd',
          'reset',
          'on',
          '>secret',
          ...documentedRules(),
        );
        client.disconnect();
      }
      target = targetOf('redis://127.0.0.1:1', {
        topology: { kind: 'cluster', nodes: [{ host: '127.0.0.1', port: servers[0]?.port ?? 0 }] },
        username: 'tierd',
        password: 'secret',
      });
    });
    beforeEach(async () => {
      await Promise.all(cluster.nodes('master').map((node) => node.flushall()));
      database = await createTestDatabase();
      db = await database.connect();
      bench = await openBench(database);
      drains = await openDrainBench(database, '', {
        connectLive: () => connectLive(target, 'test'),
      });
    });
    afterAll(async () => {
      cluster.disconnect();
      await Promise.all(servers.map((server) => server.remove()));
    });

    async function fill(kind: SourceKind): Promise<DrainSource> {
      const hasKey = kind !== 'list' && kind !== 'stream';
      await database.query(
        `create table ${kind}s (${TICKS}${hasKey ? ', primary key (symbol, ts)' : ''})`,
      );
      for (let n = 0; n < KEYS; n += 1) {
        const [key, entry] = [`ticks:s${String(n)}`, { ts: T0 + n, price: String(n) }];
        if (kind === 'list') await cluster.rpush(key, JSON.stringify(entry));
        else if (kind === 'zset') await cluster.zadd(key, T0, JSON.stringify(entry));
        else if (kind === 'stream') await cluster.xadd(key, '*', 'ts', T0 + n, 'price', n);
        else await cluster.hset(key, entry);
      }
      return makeSource(`${kind}s`, { kind, name: `${kind}_source` });
    }

    const ask = async (source: DrainSource, sql: string): Promise<readonly unknown[]> =>
      (
        await askStores(bench, db, [source.dataset], sql, {
          live: liveSideOf('redis://127.0.0.1:1', [source], { isWith: true, redis: target }),
        })
      ).rows;

    const SUM =
      'count(*)::int as n, count(distinct symbol)::int as symbols, sum(price::int)::int as s';
    const ALL = [{ n: KEYS, symbols: KEYS, s: (KEYS * (KEYS - 1)) / 2 }];

    const held = async (): Promise<readonly number[]> =>
      Promise.all(cluster.nodes('master').map((node) => node.dbsize()));

    it.each(KINDS)('a %s is read on every node, and is what a drain then brings', async (kind) => {
      const source = await fill(kind);
      const before = await held();
      expect(Math.min(...before)).toBeGreaterThan(0);
      expect(await ask(source, `select ${SUM} from live.${kind}_source`)).toEqual(ALL);
      expect(await ask(source, `select ${SUM} from ${kind}s`)).toEqual(ALL);
      expect(await held()).toEqual(before);
      await drains.drain(source);
      expect(await ask(source, `select ${SUM} from ${kind}s`)).toEqual(ALL);
    });

    it('is read whole while keys go from node to node', async () => {
      const source = await fill('move');
      const [first, second] = servers as [RedisServer, RedisServer];
      const slots = [
        ...new Set(Array.from({ length: KEYS }, (_, n) => keySlot(`ticks:s${String(n)}`))),
      ];
      const mine = slots.filter((slot) => slot < 5_000);
      const over = new AbortController();
      const moving = (async () => {
        for (let round = 0; round < 3; round += 1) {
          await moveSlots(servers, first, second, mine);
          await moveSlots(servers, second, first, mine);
        }
      })().finally(() => {
        over.abort();
      });
      while (!over.signal.aborted) {
        const found = await ask(source, `select ${SUM} from live.move_source`).catch(
          (error: unknown) => error,
        );
        if (found instanceof Error) expect(found).toMatchObject({ code: 'REDIS_UNREACHABLE' });
        else expect(found).toEqual(ALL);
      }
      await moving;
      expect(await ask(source, `select ${SUM} from live.move_source`)).toEqual(ALL);
    });

    it('is no answer, but a word, while a node is away', async () => {
      const source = await fill('move');
      const away = servers[2];
      await away?.stop('immediate');
      try {
        for (let n = 0; n < 3; n += 1) {
          const failure: unknown = await ask(source, `select ${SUM} from live.move_source`).catch(
            (error: unknown) => error,
          );
          expect(failure).toMatchObject({
            code: 'REDIS_UNREACHABLE',
            message: expect.stringContaining(`127.0.0.1:${String(away?.port)}`) as string,
          });
        }
      } finally {
        await away?.start();
      }
    });
  });
}
