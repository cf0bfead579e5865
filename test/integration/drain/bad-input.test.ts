import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { NO_RULES } from '../../../src/domain/drain/source.ts';
import { listDeadLetters } from '../../../src/ledger/dead-letters.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { makeSource, TICKS } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const KEYED = `${TICKS}, primary key (symbol, ts)`;

describeOn('redis', 'what can be no row (I10)', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let bench: DrainBench;

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

  async function reasonsOf(source: string): Promise<string[]> {
    const db = await database.connect();
    const letters = await listDeadLetters(db, {
      source,
      state: 'waiting',
      reasonCode: null,
      limit: 100,
    });
    await db.end();
    return letters
      .map(({ key, entryId, reasonCode }) => `${entryId ?? key} ${reasonCode}`)
      .reverse();
  }

  async function countOf(table: string): Promise<number> {
    const found = await database.query(`select count(*)::int as n from ${table}`);
    return (found.rows[0] as { n: number }).n;
  }

  const BAD: Readonly<
    Record<string, { fields: Record<string, string | Buffer | number>; reason: string }>
  > = {
    nul: { fields: { ts: T0, price: 1, note: 'a\0b' }, reason: 'nul_byte' },
    utf8: { fields: { ts: T0, price: 1, note: Buffer.from([0x61, 0xff]) }, reason: 'not_utf8' },
    large: { fields: { ts: T0, price: 1, note: 'x'.repeat(10 * 1024 ** 2) }, reason: 'too_large' },
    nan: { fields: { ts: T0, price: 'NaN' }, reason: 'not_a_number' },
    number: { fields: { ts: T0, price: '1,5' }, reason: 'not_a_number' },
    time: { fields: { ts: 'yesterday', price: 1 }, reason: 'not_a_time' },
    missing: { fields: { ts: T0 }, reason: 'missing' },
    overflow: { fields: { ts: T0, price: `1e${'9'.repeat(9)}` }, reason: 'refused' },
  };

  it('moved hashes become dead letters, each with its reason, and the others rows', async () => {
    await database.query(`create table bad_moves (${KEYED})`);
    for (const [symbol, { fields }] of Object.entries(BAD))
      await redis.hset(`ticks:${symbol}`, fields);
    await redis.hset('ticks:good', { ts: T0, price: '1' });
    await redis.set('ticks:wrongtype', 'a string');
    const source = makeSource('bad_moves', { kind: 'move', name: 'bad_moves' });
    expect(await bench.drain(source)).toMatchObject({ rows: 1, deadLetters: 8 });
    expect((await reasonsOf('bad_moves')).sort()).toEqual(
      Object.entries(BAD)
        .map(([symbol, { reason }]) => `ticks:${symbol} ${reason}`)
        .sort(),
    );
    // What can't be read is left alone, and told.
    expect(await redis.keys('*')).toEqual(['ticks:wrongtype']);
    expect(bench.events).toContainEqual(
      expect.objectContaining({
        kind: 'problem',
        problem: expect.objectContaining({
          key: 'ticks:wrongtype',
          reason: 'wrong_type',
        }) as object,
      }),
    );
    const { rows } = await database.query('select last_problem from tierd.drain_sources');
    expect(rows, 'in status').toEqual([
      {
        last_problem:
          '"ticks:wrongtype" was left alone: it is of another type than the source reads',
      },
    ]);
    expect(await countOf('bad_moves')).toBe(1);
  });

  it('entries of a stream become dead letters, with all of their bytes', async () => {
    await database.query(`create table bad_streams (${TICKS})`);
    const raw = Buffer.from([0, 0xff, 0x0a]);
    await redis.xadd('ticks:A', '1-0', 'ts', T0, 'price', 'x', 'note', raw);
    await redis.xadd('ticks:A', '2-0', 'ts', T0, 'price', '1');
    const source = makeSource('bad_streams', { kind: 'stream', name: 'bad_streams' });
    expect(await bench.drain(source)).toMatchObject({ rows: 1, deadLetters: 1 });
    const found = await database.query(
      `select convert_from(payload, 'UTF8')::json -> 'fields' -> 2 -> 1 ->> 'base64' as note
       from tierd.dead_letters where source = 'bad_streams'`,
    );
    expect(found.rows).toEqual([{ note: raw.toString('base64') }]);
  });

  it('a snapshot that stays wrong is one dead letter, however often it is read', async () => {
    await database.query(`create table bad_snapshots (${KEYED})`);
    const source = makeSource('bad_snapshots', { kind: 'snapshot', name: 'bad_snapshots' });
    await redis.hset('ticks:A', { ts: 'never', price: '1' });
    await bench.drain(source);
    await bench.drain(source);
    expect(await reasonsOf('bad_snapshots')).toEqual(['ticks:A not_a_time']);
    await redis.hset('ticks:A', { ts: 'not yet', price: '1' });
    await bench.drain(source);
    expect(await reasonsOf('bad_snapshots')).toHaveLength(2);
  });

  it('a poison entry in a batch of 5,000 is the only one that is not written', async () => {
    await database.query(`create table poison (${TICKS}, check (price <> 666))`);
    const entries = Array.from({ length: 5_000 }, (_, n) =>
      JSON.stringify({ ts: T0 + n, price: n === 3_210 ? 666 : 1 }),
    );
    await redis.rpush('ticks:A', ...entries);
    const source = makeSource('poison', {
      kind: 'list',
      name: 'poison',
      limits: { maxEntries: 5_000, maxBytes: 1e8 },
    });
    expect(await bench.drain(source)).toMatchObject({ rows: 4_999, deadLetters: 1, batches: 1 });
    expect(await reasonsOf('poison')).toEqual(['3210 refused']);
    expect(await countOf('poison')).toBe(4_999);
    expect(await redis.keys('*')).toEqual([]);
  });

  // The second goes in by COPY, encoded before anything is judged.
  it.each([0, 3_000])(
    'entries that break a rule are dead letters, and flagged ones are rows that say so (%i others)',
    async (others) => {
      const table = `judged_${String(others)}`;
      await database.query(`create table ${table} (${TICKS})`);
      const rules = {
        required: [],
        ranges: [{ column: 'price', above: 0 }],
        maxAgeMs: null,
        maxFutureMs: null,
        ohlc: null,
        monotonic: { by: ['symbol'], action: 'flag' as const },
        duplicates: null,
        anomalies: [],
      };
      const columns = { symbol: '{symbol}', ts: 'ts time_ms', price: 'price', note: '$flags' };
      const limits = { maxEntries: 5_000, maxBytes: 1e8 };
      const source = makeSource(table, { kind: 'list', name: table, rules, columns, limits });
      const tick = (ms: number, price: number): string => JSON.stringify({ ts: T0 + ms, price });
      const good = Array.from({ length: others }, (_, n) => tick(10 + n, 2));
      await redis.rpush('ticks:A', tick(5, 1), tick(4, 1), tick(6, -1), ...good);
      expect(await bench.drain(source)).toMatchObject({
        rows: 2 + others,
        deadLetters: 1,
        flagged: 1,
      });
      const found = await database.query(`select note from ${table} where price = 1 order by ts`);
      expect(found.rows).toEqual([{ note: 'not_monotonic' }, { note: null }]);
      expect(await countOf(table)).toBe(2 + others);
      expect(await reasonsOf(table)).toEqual(['2 out_of_range']);
    },
  );

  it('what is refused alone, with nothing flagged, is not written by COPY either', async () => {
    await database.query(`create table refused (${TICKS})`);
    const rules = { ...NO_RULES, ranges: [{ column: 'price', above: 0 }] };
    const limits = { maxEntries: 5_000, maxBytes: 1e8 };
    const source = makeSource('refused', { kind: 'list', name: 'refused', rules, limits });
    const entries = Array.from({ length: 3_000 }, (_, n) =>
      JSON.stringify({ ts: T0 + n, price: n - 2 }),
    );
    await redis.rpush('ticks:A', ...entries);
    expect(await bench.drain(source)).toMatchObject({ rows: 2_997, deadLetters: 3 });
    const found = await database.query('select min(price)::int as price from refused');
    expect(found.rows).toEqual([{ price: 1 }]);
  });

  it('a flag alone, with nothing refused, is written by COPY as well', async () => {
    await database.query(`create table flagged (${TICKS})`);
    const columns = { symbol: '{symbol}', ts: 'ts time_ms', price: 'price', note: '$flags' };
    const rules = { ...NO_RULES, monotonic: { by: ['symbol'], action: 'flag' as const } };
    const limits = { maxEntries: 5_000, maxBytes: 1e8 };
    const source = makeSource('flagged', { kind: 'list', name: 'flagged', rules, columns, limits });
    const entries = Array.from({ length: 3_000 }, (_, n) =>
      JSON.stringify({ ts: T0 + (n === 2_000 ? 0 : n), price: n }),
    );
    await redis.rpush('ticks:A', ...entries);
    expect(await bench.drain(source)).toMatchObject({ rows: 3_000, flagged: 1 });
    const found = await database.query(
      `select price::int as price from flagged where note = 'not_monotonic'`,
    );
    expect(found.rows).toEqual([{ price: 2_000 }]);
  });

  // Their rows are copied from the bytes of Redis' replies, all but those that are odd.
  it.each(['move', 'stream'] as const)(
    'many entries of a %s keep what is odd about some, and what PostgreSQL refuses is found',
    async (kind) => {
      const table = `bytes_${kind}`;
      await database.query(
        `create table ${table} (symbol text, ts timestamptz, price integer, note text, primary key (symbol, ts))`,
      );
      // There already: not all rows of the first batch are new.
      await database.query(`insert into ${table} values ('S7', to_timestamp($1), 0, 'old')`, [
        T0 / 1000,
      ]);
      const columns = { symbol: 'symbol', ts: 'ts time_ms', price: 'price integer', note: 'note' };
      const limits = { maxEntries: 2_500, maxBytes: 1e8 };
      const sameKey = kind === 'stream' ? 'last' : null;
      const source = makeSource(table, { kind, name: table, columns, limits, sameKey });
      const odd: Readonly<Record<number, Record<string, string>>> = {
        1: { note: 'a\\b\tc\nd' },
        2: { note: 'é' },
        3: { note: '' },
        4: { price: '+4' },
        5: { price: '2147483648' },
        6: { ts: 'yesterday' },
      };
      const fill = redis.pipeline();
      for (let n = 0; n < 6_000; n += 1) {
        const fields = { symbol: `S${String(n)}`, ts: T0, price: n, note: 'x', ...odd[n] };
        if (kind === 'move') fill.hset(`ticks:${String(n)}`, fields);
        else fill.xadd('ticks:all', '*', ...Object.entries(fields).flat());
      }
      await fill.exec();
      // One entry of the stream takes the place of another's row.
      const same = sameKey === null ? 0 : 1;
      const entries = { rows: 5_998 - same, sameKey: same, deadLetters: 2 };
      expect(await bench.drain(source)).toMatchObject({ ...entries, batches: 3 });
      const found = await database.query(
        `select symbol, price, note from ${table} where note is distinct from 'x' or price in (4, 7) order by price`,
      );
      expect(found.rows).toEqual([
        { symbol: 'S1', price: 1, note: 'a\\b\tc\nd' },
        { symbol: 'S2', price: 2, note: 'é' },
        { symbol: 'S3', price: 3, note: '' },
        { symbol: 'S4', price: 4, note: 'x' },
        { symbol: 'S7', price: 7, note: 'x' },
      ]);
      const wrong = await database.query(
        `select count(*)::int as n from ${table} where symbol <> 'S' || price or ts <> to_timestamp($1)`,
        [T0 / 1000],
      );
      expect(wrong.rows).toEqual([{ n: 0 }]);
      const reasons = (await reasonsOf(table)).map((text) => text.split(' ')[1]).sort();
      expect(reasons).toEqual(['not_a_time', 'refused']);
    },
  );
});
