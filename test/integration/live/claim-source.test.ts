import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LiveEntry, LiveSource } from '../../../src/domain/live/live-entry.ts';
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

describeOn('redis', 'a source of claimed hashes', () => {
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

  const open = async (): Promise<LiveSource> =>
    (await openScene(targetOf(server.url), specOf('claim', 'candle:{frame}:{symbol}'))).source;

  async function drained(source: LiveSource): Promise<LiveEntry[]> {
    const entries: LiveEntry[] = [];
    await drainPass(source, (batch) => {
      entries.push(...batch.entries);
    });
    return entries;
  }

  it('takes a key away from its writers, so that the next write begins a new one', async () => {
    await redis.hset('candle:1m:A', { open: '1', close: '2' });
    const source = await open();
    const batch = await readBatch(source);
    expect(batch.entries.map(({ key, payload }) => [key, payload.kind])).toEqual([
      ['candle:1m:A', 'fields'],
    ]);
    expect(await redis.exists('candle:1m:A')).toBe(0);
    await redis.hset('candle:1m:A', { close: '3' });
    expect(await source.acknowledge(batch)).toEqual({ removed: 1, changed: 0 });
    expect(await drained(source), 'the end of the first pass').toEqual([]);
    expect((await drained(source)).map(textOf)).toEqual([{ close: '3' }]);
    expect(await redis.dbsize()).toBe(0);
  });

  it('I5: nothing of a claim goes before it is acknowledged, and a TTL does not end it', async () => {
    await redis.hset('candle:1m:A', { open: '1' });
    await redis.pexpire('candle:1m:A', 60_000);
    await readBatch(await open());
    const [claim = ''] = await redis.keys('tierd:claim:*');
    expect(await redis.ttl(claim)).toBe(-1);
    expect(await redis.hgetall(claim)).toEqual({ open: '1' });
  });

  it('I5: fields with a TTL of their own do not run out of a claim', async () => {
    await redis.hset('candle:1m:A', { open: '1', close: '2' });
    await redis.call('HPEXPIRE', 'candle:1m:A', 600_000, 'FIELDS', 1, 'close');
    await readBatch(await open());
    const [claim = ''] = await redis.keys('tierd:claim:*');
    expect(await redis.call('HPTTL', claim, 'FIELDS', 2, 'open', 'close')).toEqual([-1, -1]);
  });

  it('I5: nor out of the claim of a dead process that did not end their TTLs', async () => {
    await redis.hset('candle:1m:A', { open: '1', close: '2' });
    await readBatch(await open());
    closeScenes();
    const [claim = ''] = await redis.keys('tierd:claim:*');
    await redis.call('HPEXPIRE', claim, 600_000, 'FIELDS', 1, 'close');
    await readBatch(await open());
    expect(await redis.call('HPTTL', claim, 'FIELDS', 2, 'open', 'close')).toEqual([-1, -1]);
  });

  it('a hash of more fields than a script takes at once is claimed with the TTLs of all ended', async () => {
    const names = Array.from({ length: 9_000 }, (_, index) => `f${String(index)}`);
    await redis.hset('candle:1m:A', Object.fromEntries(names.map((name) => [name, '1'])));
    for (let from = 0; from < names.length; from += 1_000) {
      const some = names.slice(from, from + 1_000);
      await redis.call('HPEXPIRE', 'candle:1m:A', 600_000, 'FIELDS', some.length, ...some);
    }
    await readBatch(await open());
    const [claim = ''] = await redis.keys('tierd:claim:*');
    const ttls = (await redis.call('HPTTL', claim, 'FIELDS', names.length, ...names)) as number[];
    expect(new Set(ttls)).toEqual(new Set([-1]));
  });

  it('I4: claims of a dead process come first, oldest first, under their keys', async () => {
    await redis.hset('candle:1m:{A}b', { version: '1' });
    await readBatch(await open());
    closeScenes();
    await redis.hset('candle:1m:{A}b', { version: '2' });
    await readBatch(await open());
    closeScenes();
    await redis.hset('candle:1m:{A}b', { version: '3' });
    const source = await open();
    const entries = await drained(source);
    expect(entries.map((entry) => [entry.key, textOf(entry)])).toEqual(
      ['1', '2', '3'].map((version) => ['candle:1m:{A}b', { version }]),
    );
    expect(await redis.dbsize()).toBe(0);
    expect(await source.read({ maxEntries: 1, maxBytes: 1 }, new AbortController().signal)).toBe(
      null,
    );
  });

  it('a claim that is being drained is not found as a dead process’ claim', async () => {
    for (let index = 0; index < 20; index += 1) {
      await redis.hset(`candle:1m:${String(index)}`, { a: '1' });
    }
    const source = await open();
    const { signal } = new AbortController();
    const limits = { maxEntries: 8, maxBytes: 10_000 };
    const batches = [];
    for (let pass = 0; pass < 3; pass += 1) {
      for (;;) {
        const batch = await source.read(limits, signal);
        if (batch === null) break;
        batches.push(batch);
      }
    }
    expect(batches.flatMap(({ entries }) => entries)).toHaveLength(20);
    for (const batch of batches) await source.acknowledge(batch);
    expect(await redis.dbsize()).toBe(0);
  });

  it('keys of another type are told and not renamed', async () => {
    await redis.rpush('candle:1m:A', 'x');
    const batch = await readBatch(await open());
    expect(batch.problems).toMatchObject([{ key: 'candle:1m:A', reason: 'wrong_type' }]);
    expect(await redis.lrange('candle:1m:A', 0, -1)).toEqual(['x']);
  });

  it('writers that hammer the same keys lose no increment', async () => {
    const keys = Array.from({ length: 10 }, (_, index) => `candle:1m:${String(index)}`);
    const writer = openRedis(server.url);
    const committed = new Map<string, number>();
    let increments = 0;
    const over = new AbortController();
    const writing = (async () => {
      while (!over.signal.aborted) {
        await Promise.all(keys.map((key) => writer.hincrby(key, 'volume', 1)));
        increments += 1;
      }
    })();
    const source = await open();
    const add = (entry: LiveEntry): void => {
      const { volume } = textOf(entry) as { volume: string };
      committed.set(entry.key, (committed.get(entry.key) ?? 0) + Number(volume));
    };
    for (let pass = 0; pass < 100; pass += 1) (await drained(source)).forEach(add);
    over.abort();
    await writing;
    writer.disconnect();
    (await drained(source)).forEach(add);
    for (const key of keys) expect(committed.get(key), key).toBe(increments);
  });
});
