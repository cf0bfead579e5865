import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LiveBatch, LiveSource } from '../../../src/domain/live/live-entry.ts';
import {
  closeScenes,
  drainPass,
  openRedis,
  openScene,
  readBatch,
  specOf,
  textOf,
} from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const NOW = 1_700_000_000_000;

describeOn('redis', 'a source of sorted sets', () => {
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

  const open = async (unit: 's' | 'ms' | 'us' = 'ms', graceMs = 1_000): Promise<LiveSource> => {
    const { name, pattern } = specOf('zset', 'signals:{symbol}');
    const spec = { name, pattern, kind: 'zset', scoreUnit: unit, graceMs } as const;
    return (await openScene(targetOf(server.url), spec, { now: () => NOW })).source;
  };
  async function drained(
    source: LiveSource,
    limits = { maxEntries: 100, maxBytes: 10_000 },
  ): Promise<LiveBatch[]> {
    const batches: LiveBatch[] = [];
    await drainPass(
      source,
      (batch) => {
        batches.push(batch);
      },
      limits,
    );
    return batches;
  }
  const values = (batches: readonly LiveBatch[]): unknown[] =>
    batches.flatMap(({ entries }) => entries.map(textOf));

  it.each([
    ['s', 1_000],
    ['ms', 1],
    ['us', 0.001],
  ] as const)('takes what is older than its grace, counted in %s', async (unit, msPerUnit) => {
    const at = (ms: number): string => String((NOW + ms) / msPerUnit);
    await redis.zadd(
      'signals:A',
      at(-5_000),
      'old',
      at(-1_000),
      'edge',
      at(0),
      'now',
      at(9_000),
      'x',
    );
    const batches = await drained(await open(unit));
    expect(values(batches)).toEqual(['old']);
    expect(batches[0]?.entries[0]?.id).toBe(at(-5_000));
    expect(await redis.zrange('signals:A', '0', '-1')).toEqual(['edge', 'now', 'x']);
  });

  it('I5: nothing is removed before it is acknowledged, nor what got another score', async () => {
    await redis.zadd('signals:A', '1', 'a', '2', 'b', '3.25', 'c');
    const source = await open();
    const batch = await readBatch(source);
    expect(await redis.zcard('signals:A')).toBe(3);
    await redis.zadd('signals:A', '2.5', 'b');
    await redis.zrem('signals:A', 'c');
    expect(await source.acknowledge(batch)).toEqual({ removed: 2, changed: 1 });
    expect(await redis.zrange('signals:A', '0', '-1', 'WITHSCORES')).toEqual(['b', '2.5']);
  });

  it('I4: what was read and not acknowledged is read again by the next process', async () => {
    await redis.zadd('signals:A', 1, 'a', 2, 'b');
    await readBatch(await open());
    closeScenes();
    expect(values(await drained(await open()))).toEqual(['a', 'b']);
    expect(await redis.dbsize()).toBe(0);
  });

  it('batches read ahead have each member once, also where thousands share a score', async () => {
    for (let index = 0; index < 500; index += 1) {
      await redis.zadd('signals:A', 7, `member ${String(index)}`);
    }
    const source = await open();
    const signal = new AbortController().signal;
    const limits = { maxEntries: 30, maxBytes: 200 };
    const seen: unknown[] = [];
    let behind = await source.read(limits, signal);
    while (behind !== null) {
      const ahead = await source.read(limits, signal);
      expect(behind.bytes).toBeLessThanOrEqual(200);
      seen.push(...behind.entries.map(textOf));
      await source.acknowledge(behind);
      behind = ahead;
    }
    expect(seen).toHaveLength(500);
    expect(new Set(seen).size).toBe(500);
    expect(await redis.dbsize()).toBe(0);
  });

  it('scores stay what they are: large, fractional, negative, infinite', async () => {
    await redis.zadd(
      'signals:A',
      '-inf',
      'i',
      '-1.5',
      'n',
      String(1e12 / 3),
      'f',
      '1699999900000',
      'm',
    );
    const source = await open();
    const batch = await readBatch(source);
    expect(batch.entries.map(({ id }) => Number(id))).toEqual([
      Number.NaN,
      -1.5,
      1e12 / 3,
      1_699_999_900_000,
    ]);
    expect(await source.acknowledge(batch)).toEqual({ removed: 4, changed: 0 });
  });

  it('other types are told and left alone', async () => {
    await redis.set('signals:S', 'x');
    await redis.zadd('signals:T', 1, 'a');
    const batches = await drained(await open());
    expect(values(batches)).toEqual(['a']);
    expect(batches.flatMap(({ problems }) => problems)).toMatchObject([{ key: 'signals:S' }]);
  });
});
