import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { listSources } from '../../../src/ledger/drain-sources.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { makeSource, TICKS } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');

describeOn('redis', 'a drain of', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let bench: DrainBench;
  let count = 0;

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    bench = await openDrainBench(database, server.url);
  });
  beforeEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  async function table(definition = `${TICKS}, primary key (symbol, ts)`): Promise<string> {
    count += 1;
    await database.query(`create table ticks_${String(count)} (${definition})`);
    return `ticks_${String(count)}`;
  }

  async function rowsOf(name: string): Promise<string[]> {
    const found = await database.query(
      `select concat_ws(' ', symbol, extract(epoch from ts) * 1000 - $1::numeric, price, note) as row
       from ${name} order by symbol, ts, price`,
      [T0],
    );
    return (found.rows as { row: string }[]).map(({ row }) => row.replace(/\.0+(?= |$)/, ''));
  }

  const tick = (ms: number, price: string): string => JSON.stringify({ ts: T0 + ms, price });

  it('a list writes every entry, two equal ones as two, and leaves nothing', async () => {
    const name = await table(TICKS);
    await redis.rpush('ticks:A', tick(1, '1.5'), tick(1, '1.5'), tick(2, '2'));
    const totals = await bench.drain(makeSource(name, { kind: 'list' }));
    expect(await rowsOf(name)).toEqual(['A 1 1.5', 'A 1 1.5', 'A 2 2']);
    expect(totals).toMatchObject({ rows: 3, entries: 3, newestTimeUs: (T0 + 2) * 1000 });
    expect(await redis.keys('*')).toEqual([]);
  });

  it('a stream acknowledges what is committed, and takes up where it was', async () => {
    const name = await table(TICKS);
    const source = makeSource(name, { kind: 'stream', limits: { maxEntries: 2, maxBytes: 1e6 } });
    for (let n = 0; n < 5; n += 1)
      await redis.xadd('ticks:A', `${String(n + 1)}-0`, 'ts', T0 + n, 'price', n);
    expect(await bench.drain(source)).toMatchObject({ rows: 5, batches: 3 });
    await redis.xadd('ticks:A', '9-0', 'ts', T0 + 9, 'price', 9);
    expect(await bench.drain(source)).toMatchObject({ rows: 1, repeated: 0 });
    expect(await rowsOf(name)).toEqual(['A 0 0', 'A 1 1', 'A 2 2', 'A 3 3', 'A 4 4', 'A 9 9']);
    expect((await redis.xpending('ticks:A', 'tierd'))[0]).toBe(0);
    expect(await redis.xlen('ticks:A')).toBe(6);
  });

  it('a stream that another group lags behind is trimmed only below it', async () => {
    const name = await table(TICKS);
    const source = makeSource(name, { kind: 'stream', live: { trim: true } });
    for (let n = 0; n < 5; n += 1)
      await redis.xadd('ticks:A', `${String(n + 1)}-0`, 'ts', T0 + n, 'price', n);
    await redis.xgroup('CREATE', 'ticks:A', 'slow', '0');
    await redis.xreadgroup('GROUP', 'slow', 'c', 'COUNT', 2, 'STREAMS', 'ticks:A', '>');
    await redis.xack('ticks:A', 'slow', '1-0');
    await bench.drain(source);
    await bench.drain(source);
    expect((await redis.xrange('ticks:A', '-', '+')).map(([id]) => id)).toEqual([
      '2-0',
      '3-0',
      '4-0',
      '5-0',
    ]);
  });

  it('a snapshot samples and leaves; the newest version stays', async () => {
    const name = await table(`${TICKS}, primary key (symbol)`);
    const source = makeSource(name, { kind: 'snapshot', version: 'ts' });
    await redis.hset('ticks:A', { ts: T0 + 5, price: '5' });
    await bench.drain(source);
    await redis.hset('ticks:A', { ts: T0 + 3, price: '3' });
    await redis.hset('ticks:B', { ts: T0 + 1, price: '1' });
    await bench.drain(source);
    expect(await rowsOf(name)).toEqual(['A 5 5', 'B 1 1']);
    expect((await redis.keys('*')).sort()).toEqual(['ticks:A', 'ticks:B']);
  });

  it('a snapshot of JSON strings keeps its numbers as they are written', async () => {
    const name = await table();
    const source = makeSource(name, {
      kind: 'snapshot',
      format: 'json',
      live: { holds: 'string' },
    });
    await redis.set('ticks:A', `{"ts":${String(T0)},"price":0.12345678901234567890}`);
    await bench.drain(source);
    expect(await rowsOf(name)).toEqual(['A 0 0.12345678901234567890']);
  });

  it('moved hashes go once they are rows', async () => {
    const name = await table();
    await redis.hset('ticks:A', { ts: T0 + 1, price: '1' });
    await redis.hset('ticks:B', { ts: T0 + 2, price: '2', note: 'x' });
    await bench.drain(makeSource(name, { kind: 'move' }));
    expect(await rowsOf(name)).toEqual(['A 1 1', 'B 2 2 x']);
    expect(await redis.dbsize()).toBe(0);
  });

  it('claimed hashes fill in their row field by field', async () => {
    const name = await table(
      `${TICKS.replace('ts timestamptz not null', 'ts timestamptz')}, primary key (symbol)`,
    );
    const source = makeSource(name, { kind: 'claim' });
    await redis.hset('ticks:A', { ts: T0 + 1, price: '1' });
    await bench.drain(source);
    await redis.hset('ticks:A', { note: 'late' });
    await bench.drain(source);
    expect(await rowsOf(name)).toEqual(['A 1 1 late']);
    expect(await redis.dbsize()).toBe(0);
  });

  it('a sorted set takes what is old enough, its score as the time', async () => {
    const name = await table();
    const source = makeSource(name, {
      kind: 'zset',
      keys: 'ranked',
      live: { graceMs: 60_000 },
      columns: { symbol: 's', ts: '$score time_ms', price: 'p' },
    });
    await redis.zadd('ranked', T0, '{"s":"A","p":1}');
    await redis.zadd('ranked', T0 + 1, '{"s":"B","p":2}');
    await redis.zadd('ranked', Date.now(), '{"s":"C","p":3}');
    await bench.drain(source);
    expect(await rowsOf(name)).toEqual(['A 0 1', 'B 1 2']);
    expect(await redis.zrange('ranked', '0', '-1')).toEqual(['{"s":"C","p":3}']);
  });

  it('entries, whatever they lie in, is told to whoever subscribed, and added up in the ledger', async () => {
    const name = await table(TICKS);
    const heard: string[] = [];
    const listener = openRedis(server.url);
    await listener.subscribe(`tierd:drained:${name}`);
    listener.on('message', (_, message: string) => heard.push(message));
    await redis.rpush('ticks:A', tick(1, '1'), tick(2, 'x'));
    await bench.drain(makeSource(name, { kind: 'list', name: 'told' }));
    await expect.poll(() => heard).toHaveLength(1);
    expect(JSON.parse(heard[0] ?? '')).toEqual({
      source: 'told',
      rows: 1,
      newest: '2026-03-01T00:00:00.001Z',
    });
    listener.disconnect();
    const db = await database.connect();
    expect((await listSources(db)).find(({ source }) => source === 'told')).toMatchObject({
      batches: 1,
      entries: 2,
      rows: 1,
      deadLetters: 1,
      waitingLetters: 1,
      newestTimeUs: (T0 + 1) * 1000,
    });
  });

  it('keys without a unique key to know them by is refused before anything is read', async () => {
    const name = await table(TICKS);
    await redis.hset('ticks:A', { ts: T0, price: '1' });
    await expect(bench.drain(makeSource(name, { kind: 'move' }))).rejects.toMatchObject({
      code: 'UNIQUE_KEY_MISSING',
      exitCode: 3,
    });
    const captured = { symbol: '{symbol}', ts: '$captured', price: 'price' };
    const keyed = await table();
    await expect(
      bench.drain(makeSource(keyed, { kind: 'move', columns: captured })),
    ).rejects.toMatchObject({ code: 'UNIQUE_KEY_MISSING' });
    await expect(
      bench.drain(makeSource(keyed, { kind: 'list', columns: { symbl: '{symbol}' } })),
    ).rejects.toMatchObject({ code: 'COLUMN_NOT_FOUND', hint: 'did you mean symbol?' });
    expect(await redis.dbsize()).toBe(1);
  });
});
