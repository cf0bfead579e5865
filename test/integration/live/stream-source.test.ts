import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LiveBatch, LiveSource, LiveSourceSpec } from '../../../src/domain/live/live-entry.ts';
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

type StreamSpec = LiveSourceSpec & { readonly kind: 'stream' };

describeOn('redis', 'a source of streams', () => {
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

  const open = async (changes: Partial<StreamSpec> = {}): Promise<LiveSource> => {
    const spec = { ...(specOf('stream', 'ticks:{symbol}') as StreamSpec), ...changes };
    return (await openScene(targetOf(server.url), spec)).source;
  };
  const add = async (key: string, count: number, from = 0): Promise<void> => {
    const pipeline = redis.pipeline();
    for (let index = from; index < from + count; index += 1) {
      pipeline.xadd(key, `${String(index + 1)}-0`, 'n', String(index), 'more', 'x');
    }
    await pipeline.exec();
  };
  const small = { maxEntries: 10, maxBytes: 10_000 };
  const idsOf = ({ origin }: LiveBatch): readonly string[] =>
    origin.kind === 'stream' ? origin.ids : [];
  async function drained(source: LiveSource): Promise<LiveBatch[]> {
    const batches: LiveBatch[] = [];
    await drainPass(
      source,
      (batch) => {
        batches.push(batch);
      },
      small,
    );
    return batches;
  }
  const pendingOf = async (key: string, group = 'tierd'): Promise<number> =>
    ((await redis.xpending(key, group)) as [number])[0];

  it('reads every entry with its id and fields, and makes its group', async () => {
    await add('ticks:A', 25);
    await add('ticks:B', 3);
    const batches = await drained(await open());
    const entries = batches.flatMap((batch) => batch.entries);
    expect(entries).toHaveLength(28);
    const a = entries.filter(({ key }) => key === 'ticks:A');
    expect(a.map(textOf)[24]).toEqual({ n: '24', more: 'x' });
    expect(a.map(({ id }) => id)).toEqual(a.map((_, index) => `${String(index + 1)}-0`));
    for (const batch of batches) {
      expect(new Set(batch.entries.map(({ key }) => key)).size).toBe(1);
      expect(idsOf(batch)).toEqual(batch.entries.map(({ id }) => id));
      expect(batch.entries.length).toBeLessThanOrEqual(10);
    }
    expect(await pendingOf('ticks:A')).toBe(0);
    expect(await redis.xlen('ticks:A'), 'untrimmed').toBe(25);
  });

  it('I5: an entry stays pending until it is acknowledged', async () => {
    await add('ticks:A', 15);
    const source = await open();
    const batch = await readBatch(source, small);
    expect(await pendingOf('ticks:A')).toBe(10);
    await source.acknowledge(batch);
    expect(await pendingOf('ticks:A')).toBe(0);
  });

  it('I4: what a dead process had pending comes first, then what is new', async () => {
    await add('ticks:A', 25);
    const dead = await open();
    await readBatch(dead, small);
    await readBatch(dead, small);
    closeScenes();
    const ids = (await drained(await open())).flatMap(idsOf);
    expect(ids).toEqual(Array.from({ length: 25 }, (_, index) => `${String(index + 1)}-0`));
  });

  it('takes over what another consumer has held for too long', async () => {
    await add('ticks:A', 12);
    await readBatch(await open({ consumer: 'gone' }), small);
    const patient = await open({ claimIdleMs: 3_600_000 });
    expect((await drained(patient)).flatMap(idsOf)).toEqual(['11-0', '12-0']);
    const ids = (await drained(await open({ claimIdleMs: 0 }))).flatMap(idsOf);
    expect(ids).toHaveLength(10);
    expect(await pendingOf('ticks:A')).toBe(0);
  });

  it('tells of entries that were trimmed while they were pending', async () => {
    await add('ticks:A', 10);
    await readBatch(await open(), small);
    closeScenes();
    await redis.xtrim('ticks:A', 'MAXLEN', 4);
    const batches = await drained(await open());
    expect(batches.flatMap(idsOf)).toEqual(['7-0', '8-0', '9-0', '10-0']);
    const lost = batches.flatMap(({ origin }) => (origin.kind === 'stream' ? origin.lost : []));
    expect(lost).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0', '6-0']);
    expect(await pendingOf('ticks:A')).toBe(0);
  });

  it('tells of entries that were trimmed while another consumer had them', async () => {
    await add('ticks:A', 10);
    await readBatch(await open({ consumer: 'gone' }), small);
    await redis.xtrim('ticks:A', 'MAXLEN', 4);
    const batches = await drained(await open({ claimIdleMs: 0 }));
    const lost = batches.flatMap(({ origin }) => (origin.kind === 'stream' ? origin.lost : []));
    expect(lost).toHaveLength(6);
    expect(batches.flatMap(idsOf)).toHaveLength(4);
  });

  it('takes an entry once while it is in hand, however long it has been pending', async () => {
    await add('ticks:A', 25);
    await redis.xgroup('CREATE', 'ticks:A', 'tierd', '0');
    await redis.xreadgroup('GROUP', 'tierd', 'drain', 'COUNT', '14', 'STREAMS', 'ticks:A', '>');
    const ids: string[] = [];
    // Of what one reading gave some is left for later batches: between them it grows old.
    const limits = { maxEntries: 10, maxBytes: 60 };
    const source = await open({ claimIdleMs: 0 });
    await drainPass(source, (batch) => void ids.push(...idsOf(batch)), limits);
    expect(ids).toEqual(Array.from({ length: 25 }, (_, index) => `${String(index + 1)}-0`));
    expect(await pendingOf('ticks:A')).toBe(0);
  });

  it('tells nothing as lost that it has in hand, whoever trims it meanwhile', async () => {
    await add('ticks:A', 4);
    await redis.xgroup('CREATE', 'ticks:A', 'tierd', '0');
    await redis.xreadgroup('GROUP', 'tierd', 'drain', 'COUNT', '4', 'STREAMS', 'ticks:A', '>');
    const spec = { ...(specOf('stream', 'ticks:{symbol}') as StreamSpec), claimIdleMs: 0 };
    const { store, source } = await openScene(targetOf(server.url), spec);
    const openRaw = store.openRaw.bind(store);
    Object.assign(store, {
      openRaw: async (key: string) => {
        const raw = await openRaw(key);
        const ask = raw.ask.bind(raw);
        raw.ask = async (commands) => {
          const replies = await ask(commands);
          await redis.xtrim('ticks:A', 'MAXLEN', 0);
          return replies;
        };
        return raw;
      },
    });
    const batches = await drained(source);
    expect(batches.flatMap(idsOf)).toEqual(['1-0', '2-0', '3-0', '4-0']);
    const lost = batches.flatMap(({ origin }) => (origin.kind === 'stream' ? origin.lost : []));
    expect(lost).toEqual([]);
    expect(await pendingOf('ticks:A')).toBe(0);
  });

  it('trims what every group has acknowledged, and keeps what one still needs', async () => {
    await add('ticks:A', 30);
    await redis.xgroup('CREATE', 'ticks:A', 'slow', '0');
    await redis.xreadgroup('GROUP', 'slow', 'c', 'COUNT', 12, 'STREAMS', 'ticks:A', '>');
    await redis.xack('ticks:A', 'slow', '1-0', '2-0', '3-0', '5-0');
    const source = await open({ trim: true });
    await drained(source);
    await source.close();
    const left = await redis.xrange('ticks:A', '-', '+');
    expect(left[0]?.[0], 'pending for the other group').toBe('4-0');
    expect(left).toHaveLength(27);

    const entries = await redis.xreadgroup('GROUP', 'slow', 'c', 'STREAMS', 'ticks:A', '>');
    expect(entries).not.toBeNull();
    const ids = left.map(([id]) => id);
    await redis.xack('ticks:A', 'slow', ...ids);
    await add('ticks:A', 1, 40);
    const again = await open({ trim: true });
    await drained(again);
    await again.close();
    expect((await redis.xrange('ticks:A', '-', '+')).map(([id]) => id)).toEqual(['41-0']);
    await redis.xreadgroup('GROUP', 'slow', 'c', 'STREAMS', 'ticks:A', '>');
    await redis.xack('ticks:A', 'slow', '41-0');
    await add('ticks:A', 1, 50);
    await redis.xreadgroup('GROUP', 'slow', 'c', 'STREAMS', 'ticks:A', '>');
    await redis.xack('ticks:A', 'slow', '51-0');
    const last = await open({ trim: true });
    await drained(last);
    await last.close();
    expect(await redis.xlen('ticks:A')).toBe(0);
  });

  it('a trim compares ids as numbers, however long their halves', async () => {
    const ids = ['9-9', '9-10', '9-18446744073709551614', '10-0'];
    for (const id of ids) await redis.xadd('ticks:A', id, 'a', '1');
    await redis.xgroup('CREATE', 'ticks:A', 'slow', '9-10');
    const source = await open({ trim: true });
    await drained(source);
    await source.close();
    expect((await redis.xrange('ticks:A', '-', '+')).map(([id]) => id)).toEqual(ids.slice(2));
  });

  it('begins behind the last entry when it is told to', async () => {
    await add('ticks:A', 5);
    const source = await open({ startAt: '$' });
    expect(await drained(source)).toEqual([]);
    await add('ticks:A', 2, 10);
    expect((await drained(source)).flatMap(idsOf)).toEqual(['11-0', '12-0']);
  });

  it('other types are told, and a stream that vanishes while it is read can be tried again', async () => {
    await redis.set('ticks:S', 'no stream');
    const source = await open();
    expect((await drained(source)).flatMap(({ problems }) => problems)).toMatchObject([
      { key: 'ticks:S', reason: 'wrong_type' },
    ]);
    await redis.del('ticks:S');
    await add('ticks:A', 25);
    await readBatch(source, small);
    await redis.del('ticks:A');
    await expect(source.read(small, new AbortController().signal)).rejects.toMatchObject({
      code: 'REDIS_UNREACHABLE',
    });
  });

  it('large entries do not come by the thousand', async () => {
    const pipeline = redis.pipeline();
    for (let index = 0; index < 200; index += 1) {
      pipeline.xadd('ticks:A', '*', 'blob', 'x'.repeat(50_000));
    }
    await pipeline.exec();
    const source = await open();
    const limits = { maxEntries: 5_000, maxBytes: 200_000 };
    const signal = new AbortController().signal;
    let entries = 0;
    for (;;) {
      const batch = await source.read(limits, signal);
      if (batch === null) break;
      expect(batch.bytes).toBeLessThanOrEqual(200_000);
      entries += batch.entries.length;
      await source.acknowledge(batch);
    }
    expect(entries).toBe(200);
  });
});
