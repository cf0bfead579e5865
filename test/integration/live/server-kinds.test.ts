/** What differs between Redis and Valkey; of Valkey only where it is installed. */
import { afterEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/domain/time/clock.ts';
import { examineLive } from '../../../src/jobs/live-checks.ts';
import { connectLive } from '../../../src/live/connect.ts';
import {
  closeScenes,
  drainPass,
  openRedis,
  openScene,
  readBatch,
  specOf,
} from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisOptions, startRedis } from '../../support/redis-server.ts';
import { useRedis } from '../../support/scenes.ts';
import { freePort } from '../../support/server-process.ts';
import { describeOn } from '../../support/servers.ts';
import { hasValkey, valkeyTree } from '../../support/valkey.ts';

const PATIENCE = { timeout: 60_000 };

const KINDS: readonly (readonly [string, RedisOptions])[] = [
  ['Redis', {}],
  ...(hasValkey() ? [['Valkey', { tree: valkeyTree() }] as const] : []),
];

for (const [product, options] of KINDS) {
  describeOn('redis', `a live store that is ${product}`, () => {
    const scene = useRedis(options);
    afterEach(closeScenes);

    it('is told by its own name and version', async () => {
      const info = await scene.redis.info('server');
      const version = new RegExp(`^${product.toLowerCase()}_version:(.*)\r$`, 'm').exec(info)?.[1];
      const { servers, checks } = await examineLive({
        connect: () => connectLive(targetOf(scene.server.url), 'test'),
        sources: [specOf('list', 'ticks')],
        settings: { drainIntervalMs: 10_000, waitReplicas: 0 },
        clock: systemClock,
        signal: new AbortController().signal,
      });
      expect(servers).toMatchObject([{ product, version }]);
      expect(checks[0]?.found).toMatch(`${product} ${version ?? ''}, 0 keys`);
      expect(checks.filter(({ name }) => name.endsWith(':claims'))).toMatchObject([
        { status: 'ok' },
      ]);
    });

    it('has moved hashes gone with what they have left when fields ran out since', async () => {
      const { redis, server } = scene;
      for (const key of ['ran', 'taken', 'written', 'gone']) {
        await redis.hset(`tick:${key}`, { price: '1', at: '2' });
      }
      await redis.call('HPEXPIRE', 'tick:ran', 300, 'FIELDS', 1, 'at');
      await redis.call('HPEXPIRE', 'tick:gone', 300, 'FIELDS', 2, 'at', 'price');
      await redis.call('HPEXPIRE', 'tick:written', 600_000, 'FIELDS', 1, 'at');
      const { source } = await openScene(targetOf(server.url), specOf('move', 'tick:{symbol}'));
      const batch = await readBatch(source);
      expect(batch.entries).toHaveLength(4);
      await redis.hdel('tick:taken', 'at');
      await redis.hset('tick:written', { price: '7' });
      await vi.waitFor(async () => expect(await redis.exists('tick:gone')).toBe(0), PATIENCE);
      await vi.waitFor(
        async () => expect(await redis.hgetall('tick:ran')).toEqual({ price: '1' }),
        PATIENCE,
      );
      expect(await source.acknowledge(batch)).toEqual({ removed: 2, changed: 2 });
      expect((await redis.keys('*')).sort()).toEqual(['tick:taken', 'tick:written']);
    });

    it('has moved hashes gone together with fields that never run out', async () => {
      const { redis, server } = scene;
      for (let n = 0; n < 600; n += 1) await redis.hset(`tick:${String(n)}`, { price: n, at: '2' });
      await redis.call('HPEXPIRE', 'tick:7', 600_000, 'FIELDS', 1, 'at');
      const { source } = await openScene(targetOf(server.url), specOf('move', 'tick:{symbol}'));
      await drainPass(source, () => undefined);
      expect(await redis.dbsize()).toBe(0);
    });

    it('keeps the fields of what is claimed', async () => {
      const { redis, server } = scene;
      await redis.hset('tick:A', { open: '1', close: '2' });
      await redis.call('HPEXPIRE', 'tick:A', 600_000, 'FIELDS', 1, 'close');
      const { source } = await openScene(targetOf(server.url), specOf('claim', 'tick:{symbol}'));
      await readBatch(source);
      const [claim = ''] = await redis.keys('tierd:claim:*');
      expect(await redis.call('HPTTL', claim, 'FIELDS', 2, 'open', 'close')).toEqual([-1, -1]);
    });
  });
}

if (hasValkey()) {
  describeOn('redis', 'a cluster of Valkey with several databases', () => {
    it('tells of keys that lie where nothing is read', async () => {
      const settings = {
        'cluster-enabled': 'yes',
        'cluster-databases': '4',
        'cluster-announce-ip': '127.0.0.1',
        'cluster-port': String(await freePort()),
      };
      const server = await startRedis({ tree: valkeyTree(), settings });
      const redis = openRedis(server.url);
      try {
        await redis.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
        await vi.waitFor(async () => expect(await redis.set('ticks', '1')).toBe('OK'), PATIENCE);
        await redis.select(3);
        await redis.set('hidden', '1');
        const topology = {
          kind: 'cluster',
          nodes: [{ host: '127.0.0.1', port: server.port }],
        } as const;
        const { checks } = await examineLive({
          connect: () => connectLive(targetOf(server.url, { topology }), 'test'),
          sources: [],
          settings: { drainIntervalMs: 10_000, waitReplicas: 0 },
          clock: systemClock,
          signal: new AbortController().signal,
        });
        expect(checks[0]).toMatchObject({
          status: 'warning',
          found: expect.stringContaining(
            '1 more keys lie in other databases of the cluster',
          ) as string,
        });
      } finally {
        redis.disconnect();
        await server.remove();
      }
    });
  });
}
