import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LiveBatch, LiveEntry } from '../../../src/domain/live/live-entry.ts';
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

describeOn('redis', 'a source of whole keys', () => {
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

  const open = (kind: 'snapshot' | 'move', pattern = 'tick:{symbol}') =>
    openScene(targetOf(server.url), specOf(kind, pattern));

  async function drained(kind: 'snapshot' | 'move', pattern?: string): Promise<LiveEntry[]> {
    const { source } = await open(kind, pattern);
    const entries: LiveEntry[] = [];
    await drainPass(source, (batch) => {
      entries.push(...batch.entries);
    });
    return entries;
  }

  it('reads every hash of its pattern, and no other key', async () => {
    await redis.hset('tick:A', { price: '1', at: '2' });
    await redis.hset('tick:B', { price: '3', at: '4' });
    await redis.hset('tick:latest:B', { price: '5' });
    await redis.hset('xtick:B', { price: '6' });
    const entries = await drained('snapshot');
    expect(entries.map((entry) => [entry.key, textOf(entry)]).sort()).toEqual([
      ['tick:A', { price: '1', at: '2' }],
      ['tick:B', { price: '3', at: '4' }],
    ]);
  });

  it('a snapshot leaves its keys, and the next pass has them again', async () => {
    await redis.hset('tick:A', { price: '1' });
    const { source } = await open('snapshot');
    for (const _ of [1, 2]) {
      const seen: LiveEntry[] = [];
      await drainPass(source, ({ entries }) => {
        seen.push(...entries);
      });
      expect(seen).toHaveLength(1);
    }
    expect(await redis.exists('tick:A')).toBe(1);
  });

  it('reads JSON strings as their bytes', async () => {
    await redis.set('tick:A', '{"a":1}');
    const spec = {
      ...specOf('snapshot', 'tick:{symbol}'),
      kind: 'snapshot',
      holds: 'string',
    } as const;
    const { source } = await openScene(targetOf(server.url), spec);
    const batch = await readBatch(source);
    expect(batch.entries.map(textOf)).toEqual(['{"a":1}']);
  });

  it('gives bytes as they are: NUL, broken UTF-8, nothing, large values', async () => {
    const written = {
      a: Buffer.from([0]),
      b: Buffer.from([0xff, 0xc0, 0x80]),
      c: Buffer.alloc(0),
      d: Buffer.alloc(70_000, 'x'),
      e: Buffer.alloc(300, 0x80),
    };
    await redis.hset('tick:A', ...Object.entries(written).flat());
    const [entry] = await drained('move');
    if (entry?.payload.kind !== 'fields') throw new Error('no hash');
    const { names, values } = entry.payload;
    // Redis keeps the order of small hashes only.
    expect(
      Object.fromEntries(
        names.map((name, index) => [name, Buffer.from(values.at(index) as string)]),
      ),
    ).toEqual(written);
  });

  it('names are one array for all entries that have the same', async () => {
    for (const symbol of 'ABCDEF') await redis.hset(`tick:${symbol}`, { price: '1', at: '2' });
    const entries = await drained('snapshot');
    const names = entries.map(({ payload }) => (payload.kind === 'fields' ? payload.names : null));
    expect(new Set(names).size).toBe(1);
  });

  it('I5: a move removes nothing before it is acknowledged', async () => {
    await redis.hset('tick:A', { price: '1' });
    const { source } = await open('move');
    const batch = await readBatch(source);
    expect(await redis.exists('tick:A')).toBe(1);
    expect(await source.acknowledge(batch)).toEqual({ removed: 1, changed: 0 });
    expect(await redis.exists('tick:A')).toBe(0);
  });

  it.each([
    ['a value', (at: Redis) => at.hset('tick:A', 'price', '2')],
    ['a field more', (at: Redis) => at.hset('tick:A', 'size', '2')],
    ['a field less', (at: Redis) => at.hdel('tick:A', 'at')],
    ['another type', (at: Redis) => at.multi().del('tick:A').set('tick:A', 'x').exec()],
  ])('a move leaves a hash that changed since it was read: %s', async (_, change) => {
    await redis.hset('tick:A', { price: '1', at: '2' });
    const { source } = await open('move');
    const batch = await readBatch(source);
    await change(redis);
    expect(await source.acknowledge(batch)).toEqual({ removed: 0, changed: 1 });
    expect(await redis.exists('tick:A')).toBe(1);
  });

  it('a moved hash that was written back as it was goes all the same, whatever its sizes', async () => {
    const sizes = [0, 1, 31, 32, 255, 256, 65_535, 65_536];
    const few = Object.fromEntries(sizes.map((size) => [`f${String(size)}`, 'ä'.repeat(size / 2)]));
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${String(n)}`, n]));
    for (const fields of [few, many]) {
      await redis.hset('tick:A', fields);
      const { source } = await open('move');
      const batch = await readBatch(source);
      // Watched and written: only a comparison can tell that nothing changed.
      await redis.hset('tick:A', fields);
      expect(await source.acknowledge(batch)).toEqual({ removed: 1, changed: 0 });
      expect(await redis.exists('tick:A')).toBe(0);
    }
  });

  it.each<[string, Record<string, string>, number]>([
    ['as they were', { price: '1', at: '2' }, 1],
    ['with another value', { price: '1', at: '3' }, 0],
    ['with values changed over', { price: '2', at: '1' }, 0],
    ['with another name', { price: '1', on: '2' }, 0],
  ])('a moved hash whose fields lie in another order goes %s', async (_, fields, removed) => {
    await redis.hset('tick:A', { price: '1', at: '2', '': '\u0000ü' });
    const { source } = await open('move');
    const batch = await readBatch(source);
    await redis.del('tick:A');
    await redis.hset('tick:A', { '': '\u0000ü', ...fields });
    expect(await source.acknowledge(batch)).toEqual({ removed, changed: 1 - removed });
    expect(await redis.exists('tick:A')).toBe(1 - removed);
  });

  it('I4: what was read and not acknowledged is read again by the next process', async () => {
    for (const symbol of 'ABCDE') await redis.hset(`tick:${symbol}`, { price: '1' });
    const first = await open('move');
    expect((await readBatch(first.source)).entries).toHaveLength(5);
    closeScenes();
    expect(await drained('move')).toHaveLength(5);
    expect(await redis.dbsize()).toBe(0);
  });

  it('acknowledging what a dead process had removed already is no failure', async () => {
    await redis.hset('tick:A', { price: '1' });
    const { source } = await open('move');
    const batch = await readBatch(source);
    await redis.del('tick:A');
    expect(await source.acknowledge(batch)).toEqual({ removed: 1, changed: 0 });
  });

  it('acknowledging a batch a second time removes no newer version', async () => {
    await redis.hset('tick:A', { price: '1' });
    const { source } = await open('move');
    const batch = await readBatch(source);
    await source.acknowledge(batch);
    await redis.hset('tick:A', { price: '2' });
    await source.acknowledge(batch);
    expect(await redis.hget('tick:A', 'price')).toBe('2');
  });

  it('never gives more than its limits, and one that is larger alone', async () => {
    for (let index = 0; index < 50; index += 1) {
      await redis.hset(`tick:${String(index)}`, { value: 'x'.repeat(index === 20 ? 5_000 : 90) });
    }
    const { source } = await open('move');
    const limits = { maxEntries: 7, maxBytes: 400 };
    const batches: LiveBatch[] = [];
    await drainPass(
      source,
      (batch) => {
        batches.push(batch);
      },
      limits,
    );
    for (const { entries, bytes } of batches) {
      expect(entries.length).toBeLessThanOrEqual(7);
      if (entries.length > 1) expect(bytes).toBeLessThanOrEqual(400);
    }
    expect(new Set(batches.flatMap(({ entries }) => entries.map(({ key }) => key))).size).toBe(50);
    expect(batches.some(({ bytes }) => bytes > 5_000)).toBe(true);
    expect(await redis.dbsize()).toBe(0);
  });

  it('a batch may be read while the one before is not acknowledged', async () => {
    for (let index = 0; index < 30; index += 1)
      await redis.hset(`tick:${String(index)}`, { a: '1' });
    const { source } = await open('move');
    const signal = new AbortController().signal;
    const limits = { maxEntries: 10, maxBytes: 10_000 };
    let behind = await source.read(limits, signal);
    let seen = 0;
    while (behind !== null) {
      const ahead: LiveBatch | null = await source.read(limits, signal);
      seen += behind.entries.length;
      await source.acknowledge(behind);
      behind = ahead;
    }
    expect(seen).toBe(30);
    expect(await redis.dbsize()).toBe(0);
  });

  it('tells of keys of another type and of names that are no text, and leaves them alone', async () => {
    await redis.set('tick:A', 'no hash');
    await redis.hset('tick:B', { price: '1' });
    await redis.hset(Buffer.from('tick:\xff', 'latin1'), { price: '1' });
    const { source } = await open('move');
    const batches: LiveBatch[] = [];
    await drainPass(source, (batch) => {
      batches.push(batch);
    });
    expect(batches.flatMap(({ entries }) => entries.map(({ key }) => key))).toEqual(['tick:B']);
    const problems = batches.flatMap((batch) => batch.problems);
    expect(problems.map(({ key, reason }) => [key, reason]).sort()).toEqual([
      ['tick:A', 'wrong_type'],
      ['tick:\uFFFD', 'key_not_text'],
    ]);
    expect(await redis.dbsize()).toBe(2);
  });

  it('writers that hammer the same keys lose no version of a moved hash', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `tick:${String(index)}`);
    const committed = new Map<string, number>();
    const written = new Map<string, number>();
    const writer = openRedis(server.url);
    const over = new AbortController();
    const writing = (async () => {
      for (let version = 1; !over.signal.aborted; version += 1) {
        for (const key of keys) {
          await writer.hset(key, { version: String(version), more: `m${String(version)}` });
          written.set(key, version);
        }
      }
    })();
    const { source } = await open('move');
    let changed = 0;
    const signal = new AbortController().signal;
    for (let round = 0; round < 200; round += 1) {
      const batch = await source.read({ maxEntries: 20, maxBytes: 100_000 }, signal);
      if (batch === null) continue;
      const before = written.get('tick:7') ?? 0;
      // Every other time all keys are written between the reading and the removing.
      while (round % 4 < 2 && (written.get('tick:7') ?? 0) < before + 2) await redis.ping();
      for (const entry of batch.entries) {
        const { version, more } = textOf(entry) as { version: string; more: string };
        expect(more).toBe(`m${version}`);
        committed.set(entry.key, Math.max(committed.get(entry.key) ?? 0, Number(version)));
      }
      changed += (await source.acknowledge(batch)).changed;
    }
    over.abort();
    await writing;
    writer.disconnect();
    for (const key of keys) {
      const left = Number((await redis.hget(key, 'version')) ?? 0);
      expect(Math.max(left, committed.get(key) ?? 0), key).toBe(written.get(key));
    }
    expect(changed).toBeGreaterThan(0);
  });

  it('a plain key needs no capture', async () => {
    await redis.hset('system:state', { mode: 'live' });
    expect((await drained('snapshot', 'system:state')).map(textOf)).toEqual([{ mode: 'live' }]);
    await redis.hset('odd*?[key]\\{x}', { mode: 'odd' });
    const entries = await drained('snapshot', 'odd*?[key]\\{{x}}');
    expect(entries.map(textOf)).toEqual([{ mode: 'odd' }]);
  });

  it('no pattern takes a claim of tierd for somebody’s key', async () => {
    await redis.hset('tierd:claim:other:1:{a}:a', { price: '1' });
    expect(await drained('move', '{anything*}')).toEqual([]);
  });
});
