/** Answers that daemons share in Redis take no more of it, and for no longer, than was said. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { findAnswer, keepAnswer } from '../../../src/live/answer-store.ts';
import { connectLive, type LiveStore } from '../../../src/live/connect.ts';
import { openRedis } from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { startRedisCluster } from '../../support/redis-cluster.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const HOUR_MS = 3_600_000;
const LIMITS = { ttlMs: HOUR_MS, maxBytes: 1_000 };

describeOn('redis', 'answers in Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let store: LiveStore;

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    store = await connectLive(targetOf(server.url), 'answers');
  });
  beforeEach(() => redis.flushall());
  afterAll(async () => {
    store.close();
    redis.disconnect();
    await server.remove();
  });

  const answers = async (): Promise<string[]> =>
    (await redis.keys('{tierd:answers}:*')).map((key) => key.split(':').at(-1) ?? '').sort();
  const counted = async (): Promise<number> =>
    Number(await redis.hget('{tierd:answers}:sizes', 'total'));

  it('come back as they were', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    expect(await findAnswer(store, 'a')).toBeNull();
    await keepAnswer(store, 'a', bytes, LIMITS);
    expect(await findAnswer(store, 'a')).toEqual(bytes);
  });

  it('make room for newer ones, and are counted once', async () => {
    for (const id of ['a', 'b', 'b', 'c']) {
      await keepAnswer(store, id, Buffer.alloc(400, id), LIMITS);
    }
    expect(await answers()).toEqual(['b', 'c', 'index', 'sizes']);
    expect(await counted()).toBe(800);
    await keepAnswer(store, 'large', Buffer.alloc(1_001), LIMITS);
    expect(await answers()).toEqual(['b', 'c', 'index', 'sizes']);
    await keepAnswer(store, 'all', Buffer.alloc(1_000), LIMITS);
    expect(await answers()).toEqual(['all', 'index', 'sizes']);
    expect(await counted()).toBe(1_000);
  });

  it('run out, and so does what counts them', async () => {
    await keepAnswer(store, 'a', Buffer.alloc(600), { ...LIMITS, ttlMs: 50 });
    await keepAnswer(store, 'b', Buffer.alloc(600), { ...LIMITS, ttlMs: 50 });
    await expect.poll(answers).toEqual([]);
    await keepAnswer(store, 'c', Buffer.alloc(600), LIMITS);
    expect(await counted()).toBe(600);
    for (const key of await redis.keys('*')) {
      expect(await redis.pttl(key)).toBeGreaterThan(HOUR_MS / 2);
    }
  });

  it('are counted anew where somebody else has taken away what counts them', async () => {
    await keepAnswer(store, 'a', Buffer.alloc(600), LIMITS);
    await redis.del('{tierd:answers}:index');
    await keepAnswer(store, 'b', Buffer.alloc(600), LIMITS);
    expect(await counted()).toBe(600);
    expect(await findAnswer(store, 'b')).toHaveLength(600);
  });

  it('have a place in a cluster too', async () => {
    const nodes = await startRedisCluster({ settings: { 'cluster-node-timeout': '1000' } });
    const target = targetOf('redis://127.0.0.1:1', {
      topology: { kind: 'cluster', nodes: [{ host: '127.0.0.1', port: nodes[0]?.port ?? 0 }] },
    });
    const there = await connectLive(target, 'answers');
    try {
      for (const id of ['a', 'b', 'c']) await keepAnswer(there, id, Buffer.alloc(400), LIMITS);
      expect(await findAnswer(there, 'a')).toBeNull();
      expect(await findAnswer(there, 'c')).toHaveLength(400);
    } finally {
      there.close();
      for (const node of nodes) await node.remove();
    }
  });
});
