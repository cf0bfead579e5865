import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { retryLetters } from '../../../src/jobs/drain/retry-letters.ts';
import { listDeadLetters } from '../../../src/ledger/dead-letters.ts';
import { listSources } from '../../../src/ledger/drain-sources.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { makeSource, type SourceChanges, TICKS } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const WITH_ENTRY = { symbol: '{symbol}', ts: 'ts time_ms', price: 'price', entry: '$entry' };

describeOn('redis', 'entries that share a unique key of the table', () => {
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

  async function table(rest = ', primary key (symbol, ts)'): Promise<string> {
    count += 1;
    await database.query(`create table ticks_${String(count)} (${TICKS}${rest})`);
    return `ticks_${String(count)}`;
  }

  async function pricesIn(name: string): Promise<number[]> {
    const found = await database.query(`select price::float8 as price from ${name} order by 1`);
    return (found.rows as { price: number }[]).map(({ price }) => price);
  }

  /** As many entries of one millisecond, numbered by their price. */
  async function add(kind: 'list' | 'stream', prices: readonly number[], key = 'ticks:A') {
    const pipeline = redis.pipeline();
    for (const price of prices) {
      if (kind === 'list') pipeline.rpush(key, JSON.stringify({ ts: T0, price }));
      else pipeline.xadd(key, '*', 'ts', T0, 'price', price);
    }
    await pipeline.exec();
  }

  const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

  describe.each(['list', 'stream'] as const)('of a %s', (kind) => {
    it('are found before anything is read, and the refusal says what to do', async () => {
      const name = await table();
      await add(kind, upTo(100));
      await expect(bench.drain(makeSource(name, { kind }))).rejects.toMatchObject({
        code: 'KEY_NOT_DISTINCT',
        exitCode: 3,
        message: expect.stringContaining('(symbol, ts)') as string,
        hint: expect.stringMatching(/\$entry.*same_key/) as string,
      });
      expect(await redis.keys('*')).toEqual(['ticks:A']);
      expect(await redis.xinfo('GROUPS', 'ticks:A').catch(() => [])).toEqual([]);
      expect(await pricesIn(name)).toEqual([]);
    });

    it('are found also where the key holds for all but nulls, of which none stays for another', async () => {
      const name = await table(', unique (symbol, ts)');
      await database.query(`alter table ${name} alter column symbol drop not null`);
      await add(kind, upTo(3));
      for (const sameKey of [null, 'last'] as const) {
        await expect(bench.drain(makeSource(name, { kind, sameKey }))).rejects.toMatchObject({
          code: 'KEY_NOT_DISTINCT',
          message: expect.stringContaining('(symbol, ts)') as string,
          hint: expect.stringMatching(/\$entry.*same_key: error.*not null/) as string,
        });
      }
      expect(await pricesIn(name)).toEqual([]);
      const source = makeSource(name, { kind, sameKey: 'error' });
      expect(await bench.drain(source)).toMatchObject({ rows: 1, deadLetters: 2 });
    });

    it('become a row each where the key has what names the entry, also beyond a batch', async () => {
      const name = await table(', entry uuid not null, primary key (symbol, ts, entry)');
      const limits = { maxEntries: 30, maxBytes: 1e6 };
      const source = makeSource(name, { kind, columns: WITH_ENTRY, limits });
      await add(kind, upTo(100));
      await add(kind, upTo(100), 'ticks:B');
      expect(await bench.drain(source)).toMatchObject({ rows: 200, sameKey: 0, deadLetters: 0 });
      expect(await pricesIn(name)).toHaveLength(200);
    });

    it.each([
      ['last', 0, [2, 4]],
      ['first', 0, [0, 3]],
      ['error', 3, [0, 3]],
    ] as const)(
      'are counted as what they are, in a batch and beyond it: %s',
      async (sameKey, deadLetters, stay) => {
        const name = await table();
        const source = makeSource(name, { kind, sameKey, name: `${kind}_${sameKey}` });
        await add(kind, [0, 1]);
        await add(kind, [3], 'ticks:B');
        const first = await bench.drain(source);
        await add(kind, [2]);
        await add(kind, [4], 'ticks:B');
        const second = await bench.drain(source);
        expect(first.rows + second.rows).toBe(2);
        expect(first.deadLetters + second.deadLetters).toBe(deadLetters);
        expect(first.sameKey + second.sameKey).toBe(3 - deadLetters);
        expect(await pricesIn(name)).toEqual(stay);
        const db = await database.connect();
        const records = await listSources(db);
        await db.end();
        expect(records.find((record) => record.source === source.name)).toMatchObject({
          entries: 5,
          rows: 2,
          deadLetters,
          sameKey: 3 - deadLetters,
        });
      },
    );
  });

  it('are dead letters that a retry writes once the row is gone', async () => {
    const name = await table();
    const source = makeSource(name, { kind: 'list', sameKey: 'error', name: 'mended' });
    await add('list', [0, 1]);
    await bench.drain(source);
    const db = await database.connect();
    const filter = { source: 'mended', state: null, reasonCode: 'same_key', limit: 9 };
    expect(await listDeadLetters(db, filter)).toMatchObject([
      { reason: 'another entry has a row of the same key (symbol, ts)' },
    ]);
    await db.end();
    expect(await retryLetters(bench.rooms, source, null)).toEqual({ written: 0, refused: 1 });
    await database.query(`delete from ${name}`);
    expect(await retryLetters(bench.rooms, source, null)).toEqual({ written: 1, refused: 0 });
    expect(await pricesIn(name)).toEqual([1]);
  });

  it('and were retried keep the name that they had as entries', async () => {
    const name = await table(
      ', entry uuid not null, primary key (symbol, ts, entry), check (price < 5)',
    );
    const source = makeSource(name, { kind: 'stream', columns: WITH_ENTRY, name: 'named' });
    await add('stream', [9]);
    expect(await bench.drain(source)).toMatchObject({ deadLetters: 1 });
    await database.query(`alter table ${name} drop constraint ${name}_price_check`);
    await retryLetters(bench.rooms, source, null);
    // It comes again, as after a failover that forgot the group.
    await redis.xgroup('SETID', 'ticks:A', 'tierd', '0');
    await database.query('delete from tierd.deliveries');
    await bench.drain(source);
    expect(await pricesIn(name)).toEqual([9]);
  });

  it('are told apart by an id only together with the stream that gave it', async () => {
    const name = await table(', id text not null, primary key (id, ts)');
    const columns = { symbol: '{symbol}', ts: 'ts time_ms', price: 'price', id: '$id' };
    const changes: SourceChanges = { kind: 'stream', columns };
    await redis.xadd('ticks:A', '5-0', 'ts', T0, 'price', 1);
    await redis.xadd('ticks:B', '5-0', 'ts', T0, 'price', 2);
    await expect(bench.drain(makeSource(name, changes))).rejects.toMatchObject({
      code: 'KEY_NOT_DISTINCT',
    });
    await database.query(`alter table ${name} drop constraint ${name}_pkey`);
    await database.query(`alter table ${name} add primary key (symbol, id, ts)`);
    expect(await bench.drain(makeSource(name, changes))).toMatchObject({ rows: 2, sameKey: 0 });
    expect(await pricesIn(name)).toEqual([1, 2]);
  });

  it('are told apart as PostgreSQL does, not as their texts are', async () => {
    const name = await table(', size numeric(6, 2) not null, primary key (symbol, size)');
    const columns = { symbol: '{symbol}', ts: 'ts time_ms', price: 'price', size: 'size' };
    for (const size of ['1.0', '1.00', '1.001', '2']) {
      await redis.rpush('ticks:A', JSON.stringify({ ts: T0, price: 1, size }));
    }
    const source = makeSource(name, { kind: 'list', columns, sameKey: 'first' });
    expect(await bench.drain(source)).toMatchObject({ entries: 4, rows: 2, sameKey: 2 });
  });

  it('are counted for a sorted set too, whose members are removed', async () => {
    const name = await table();
    const columns = { symbol: 'symbol', ts: '$score time_ms', price: 'price' };
    await redis.zadd('ranked', T0, '{"symbol":"A","price":1}', T0, '{"symbol":"A","price":2}');
    const source = makeSource(name, { kind: 'zset', keys: 'ranked', columns });
    expect(await bench.drain(source)).toMatchObject({ entries: 2, rows: 1, sameKey: 1 });
  });

  it('are counted for hashes that are claimed, of several keys; their fields are one row', async () => {
    const name = await table();
    const columns = { symbol: 'symbol', ts: 'ts time_ms', price: 'price' };
    for (const n of upTo(5))
      await redis.hset(`bar:${String(n)}`, { symbol: 'A', ts: T0, price: n });
    await redis.hset('bar:other', { symbol: 'B', ts: T0, price: 9 });
    const source = makeSource(name, { kind: 'claim', keys: 'bar:{n}', columns });
    expect(await bench.drain(source)).toMatchObject({ entries: 6, rows: 2, sameKey: 4 });
    const [price] = await pricesIn(name);
    expect(upTo(5)).toContain(price);
    // A key that is written again after it was claimed is the same row's.
    await redis.hset('bar:other', { symbol: 'B', ts: T0, price: 10 });
    expect(await bench.drain(source)).toMatchObject({ entries: 1, rows: 1, sameKey: 0 });
  });

  it('are as right in batches that go through COPY', async () => {
    const limits = { maxEntries: 5_000, maxBytes: 8e6 };
    for (const sameKey of ['last', 'first', 'error'] as const) {
      const name = await table();
      const source = makeSource(name, { kind: 'list', sameKey, limits, name: `copied_${sameKey}` });
      const pipeline = redis.pipeline();
      // Two of every ten share a key.
      for (const n of upTo(3_000)) {
        const ts = T0 + (n % 10 === 9 ? n - 1 : n);
        pipeline.rpush('ticks:A', JSON.stringify({ ts, price: n }));
      }
      await pipeline.exec();
      const totals = await bench.drain(source);
      expect(totals.rows).toBe(2_700);
      expect(totals.sameKey + totals.deadLetters).toBe(300);
      const left = (await pricesIn(name)).filter((price) => price % 10 >= 8);
      expect(left.every((price) => price % 10 === (sameKey === 'last' ? 9 : 8))).toBe(true);
    }
  });
});
