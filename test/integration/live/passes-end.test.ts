import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { closeScenes, LIMITS, openRedis, openScene, specOf } from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const KINDS = ['snapshot', 'move', 'claim', 'list', 'stream', 'zset'] as const;

/** More than the one batch of problems that there is. */
const MANY_READS = 10;

describeOn('redis', 'a pass over keys none of which can be read', () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
  });
  beforeEach(() => redis.flushall());
  afterEach(closeScenes);
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  /** The keys told of in one pass; fails when it has no end. */
  async function problemsOfOnePass(kind: (typeof KINDS)[number]): Promise<string[]> {
    const { source } = await openScene(targetOf(server.url), specOf(kind, 'ticks:{symbol}'));
    const told: string[] = [];
    for (let reads = 0; reads < MANY_READS; reads += 1) {
      const batch = await source.read(LIMITS, new AbortController().signal);
      if (batch === null) return told;
      told.push(...batch.problems.map(({ reason }) => reason));
      await source.acknowledge(batch);
    }
    throw new Error(`the pass had not ended after ${String(MANY_READS)} batches`);
  }

  it.each(KINDS)('ends, with a key of another type told once: %s', async (kind) => {
    await redis.pfadd('ticks:A', 'x');
    // The one type that holds strings must not be given to the one kind that reads them.
    if (kind === 'snapshot') await redis.del('ticks:A').then(() => redis.set('ticks:A', 'x'));
    expect(await problemsOfOnePass(kind)).toEqual(['wrong_type']);
    expect(await problemsOfOnePass(kind), 'in the next').toEqual(['wrong_type']);
  });

  it.each(KINDS)('ends, with a name that is no text told once: %s', async (kind) => {
    await redis.set(Buffer.from('7469636b733aff', 'hex'), 'x');
    expect(await problemsOfOnePass(kind)).toEqual(['key_not_text']);
  });
});
