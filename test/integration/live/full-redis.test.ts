import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { SourceKind } from '../../../src/domain/live/live-entry.ts';
import {
  closeScenes,
  drainPass,
  openRedis,
  openScene,
  readBatch,
  specOf,
} from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const KINDS = ['move', 'claim', 'list', 'stream', 'zset'] as const;

describeOn('redis', 'a Redis that is full and evicts nothing', () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
  });
  beforeEach(async () => {
    await redis.config('SET', 'maxmemory', '0');
    await redis.flushall();
  });
  afterEach(closeScenes);
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  async function fill(kind: SourceKind): Promise<void> {
    for (const symbol of ['A', 'B', 'C']) {
      const key = `ticks:${symbol}`;
      if (kind === 'list') await redis.rpush(key, 'one', 'two');
      else if (kind === 'zset') await redis.zadd(key, 1, 'one', 2, 'two');
      else if (kind === 'stream') {
        await redis.xgroup('CREATE', key, 'tierd', '0', 'MKSTREAM');
        await redis.xadd(key, '*', 'price', '1');
        await redis.xadd(key, '*', 'price', '2');
      } else await redis.hset(key, { price: '1' });
    }
  }

  const becomeFull = async (): Promise<void> => {
    await redis.config('SET', 'maxmemory', '1');
    await expect(redis.set('more', 'x')).rejects.toThrow('OOM');
  };

  it.each(KINDS)('is drained, for that is what makes room: %s', async (kind) => {
    await fill(kind);
    await becomeFull();
    const { source } = await openScene(targetOf(server.url), specOf(kind, 'ticks:{symbol}'));
    let entries = 0;
    await drainPass(source, (batch) => {
      expect(batch.problems).toEqual([]);
      entries += batch.entries.length;
    });
    expect(entries).toBe(kind === 'move' || kind === 'claim' ? 3 : 6);
    if (kind !== 'stream') expect(await redis.dbsize()).toBe(0);
    else expect((await redis.xpending('ticks:A', 'tierd'))[0]).toBe(0);
  });

  it.each(['claim', 'list'] as const)(
    'I4: gives back what a dead process claimed: %s',
    async (kind) => {
      await fill(kind);
      await readBatch(
        (await openScene(targetOf(server.url), specOf(kind, 'ticks:{symbol}'))).source,
      );
      closeScenes();
      await becomeFull();
      const { source } = await openScene(targetOf(server.url), specOf(kind, 'ticks:{symbol}'));
      await drainPass(source, () => undefined);
      expect(await redis.dbsize()).toBe(0);
    },
  );

  it.each(KINDS)(
    'one that takes no writes at all is told as such, and never as one with nothing to drain: %s',
    async (kind) => {
      await fill(kind);
      await redis.config('SET', 'min-replicas-to-write', '1');
      try {
        const { source } = await openScene(targetOf(server.url), specOf(kind, 'ticks:{symbol}'));
        await expect(drainPass(source, () => undefined)).rejects.toMatchObject({
          code: 'REDIS_UNREACHABLE',
          message: expect.stringContaining('NOREPLICAS') as string,
        });
      } finally {
        await redis.config('SET', 'min-replicas-to-write', '0');
      }
      expect(await redis.keys('ticks:*')).toHaveLength(3);
    },
  );

  it('a stream that is not there is nothing to read', async () => {
    await becomeFull();
    const { source } = await openScene(targetOf(server.url), specOf('stream', 'ticks'));
    await drainPass(source, () => undefined);
    expect(await redis.dbsize()).toBe(0);
  });

  it('a stream without its group can not be begun, and says that Redis is full', async () => {
    await redis.xadd('ticks:A', '*', 'price', '1');
    await becomeFull();
    const { source } = await openScene(targetOf(server.url), specOf('stream', 'ticks:{symbol}'));
    await expect(readBatch(source)).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
      hint: expect.stringContaining('maxmemory') as string,
    });
  });
});
