import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
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
const KEY = 'ticks:A';

describeOn('redis', 'a stream that is delivered again', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let bench: DrainBench;
  let count = 0;
  let name = '';

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    bench = await openDrainBench(database, server.url);
  });
  beforeEach(async () => {
    await redis.flushall();
    await forgetDeliveries();
    bench.events.splice(0);
    count += 1;
    name = `ticks_${String(count)}`;
    await database.query(`create table ${name} (${TICKS})`);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  const source = (live: SourceChanges['live'] = {}, sourceName = name) =>
    makeSource(name, { kind: 'stream', name: sourceName, live });

  async function add(from: number, to: number, note = ''): Promise<void> {
    for (let n = from; n <= to; n += 1) {
      await redis.xadd(KEY, `${String(n)}-0`, 'ts', T0 + n, 'price', n, 'note', note);
    }
  }

  /** As when the records are older than `keep_deliveries`. */
  const forgetDeliveries = () => database.query('delete from tierd.deliveries');

  async function prices(): Promise<number[]> {
    const found = await database.query(`select price::int as price from ${name} order by 1`);
    return (found.rows as { price: number }[]).map(({ price }) => price);
  }

  async function letters(): Promise<string[]> {
    const db = await database.connect();
    const filter = { source: name, state: null, reasonCode: null, limit: 99 };
    const found = await listDeadLetters(db, filter);
    await db.end();
    return found.map(({ entryId, reasonCode }) => `${entryId ?? ''} ${reasonCode}`).sort();
  }

  async function lastProblem(): Promise<string> {
    const db = await database.connect();
    const records = await listSources(db);
    await db.end();
    return records.find((record) => record.source === name)?.lastProblem ?? '';
  }

  const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

  it('because its group is gone goes on behind what was drained, and says so', async () => {
    await add(1, 12);
    expect(await bench.drain(source())).toMatchObject({ rows: 12 });
    await forgetDeliveries();
    await redis.xgroup('DESTROY', KEY, 'tierd');
    await add(13, 14);
    expect(await bench.drain(source())).toMatchObject({ rows: 2, repeated: 0, deadLetters: 0 });
    expect(await prices()).toEqual(upTo(14));
    expect(await lastProblem()).toBe(
      'the group tierd of "ticks:A" was gone and is made anew; it begins behind 12-0, up to where it was drained',
    );
    expect(bench.events).toContainEqual({
      kind: 'problem',
      source: name,
      problem: expect.objectContaining({ key: KEY, reason: 'group_made' }) as unknown,
    });
  });

  it('because its group or its source is renamed goes on behind what was drained', async () => {
    await add(1, 5);
    await bench.drain(source());
    await forgetDeliveries();
    await add(6, 6);
    const renamed = source({ group: 'other' }, `${name}_renamed`);
    expect(await bench.drain(renamed)).toMatchObject({ rows: 1, repeated: 0 });
    expect(await prices()).toEqual(upTo(6));
    expect(bench.events).toContainEqual({
      kind: 'problem',
      source: `${name}_renamed`,
      problem: expect.objectContaining({
        found: expect.stringContaining('is new (tierd read it before') as unknown,
      }) as unknown,
    });
  });

  it('because its group was set back is known by what was drained, and says so', async () => {
    await add(1, 5);
    await bench.drain(source());
    await forgetDeliveries();
    await redis.xgroup('SETID', KEY, 'tierd', '2-0');
    await add(6, 6);
    expect(await bench.drain(source())).toMatchObject({ rows: 1, repeated: 3, deadLetters: 0 });
    expect(await prices()).toEqual(upTo(6));
    expect(await lastProblem()).toContain(
      '3 of the entries of "ticks:A" came again from before 5-0',
    );
    expect((await redis.xpending(KEY, 'tierd'))[0]).toBe(0);
  });

  it('in the middle of a run that goes on is known too', async () => {
    await add(1, 5);
    const stop = new AbortController();
    const following = bench.drain(source(), { signal: stop.signal }, { followEveryMs: 20 });
    await expect.poll(prices).toEqual(upTo(5));
    await forgetDeliveries();
    await redis.xgroup('DESTROY', KEY, 'tierd');
    await add(6, 6);
    await expect.poll(prices).toEqual(upTo(6));
    stop.abort();
    await expect(following).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await letters()).toEqual([]);
  });

  it('under ids that were used for others keeps them for somebody to say, whole', async () => {
    await add(1, 5);
    await bench.drain(source());
    await forgetDeliveries();
    await redis.del(KEY);
    await add(3, 6, 'another');
    expect(await bench.drain(source())).toMatchObject({ rows: 1, deadLetters: 3 });
    expect(await prices()).toEqual(upTo(6));
    expect(await letters()).toEqual(['3-0 came_again', '4-0 came_again', '5-0 came_again']);
    expect(await lastProblem()).toContain('it may be another stream');
    await retryLetters(bench.rooms, source(), null);
    expect(await prices()).toEqual([1, 2, 3, 3, 4, 4, 5, 5, 6]);
  });

  it('from an older dump keeps what it had as dead letters, and drains what is new', async () => {
    await add(1, 3);
    const old = await redis.dumpBuffer(KEY);
    await add(4, 9);
    await bench.drain(source());
    await forgetDeliveries();
    await redis.restore(KEY, 0, old, 'REPLACE');
    await add(10, 11);
    expect(await bench.drain(source())).toMatchObject({ rows: 2, deadLetters: 3 });
    expect(await prices()).toEqual(upTo(11));
  });

  it.each([
    ['skip', { rows: 1, repeated: 3 }],
    ['take', { rows: 4, repeated: 0 }],
  ] as const)(
    'and may be another is left out or taken as the source says: %s',
    async (cameAgain, totals) => {
      await add(1, 5);
      await bench.drain(source());
      await forgetDeliveries();
      await redis.del(KEY);
      await add(3, 6, 'another');
      const said = await bench.drain(source({ cameAgain }));
      expect(said).toMatchObject({ ...totals, deadLetters: 0 });
    },
  );

  it('because somebody wants it written again is written again', async () => {
    await add(1, 3);
    await bench.drain(source());
    await forgetDeliveries();
    await redis.xgroup('DESTROY', KEY, 'tierd');
    expect(await bench.drain(source({ cameAgain: 'take' }))).toMatchObject({ rows: 3 });
    expect(await prices()).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('and emptied before has only new entries, which are taken without a word', async () => {
    for (const price of [1, 2]) await redis.xadd(KEY, '*', 'ts', T0, 'price', price);
    await bench.drain(source());
    await redis.flushall();
    await redis.xadd(KEY, '*', 'ts', T0, 'price', 3);
    expect(await bench.drain(source())).toMatchObject({ rows: 1, deadLetters: 0 });
    expect(await prices()).toEqual([1, 2, 3]);
  });

  it('and whose group begins at what is new loses nothing that came while it was gone', async () => {
    await add(1, 2);
    await redis.xgroup('CREATE', KEY, 'tierd', '0');
    const fromNew = source({ startAt: '$' });
    await bench.drain(fromNew);
    await redis.xgroup('DESTROY', KEY, 'tierd');
    await add(3, 4);
    expect(await bench.drain(fromNew)).toMatchObject({ rows: 2 });
    expect(await prices()).toEqual(upTo(4));
  });

  it('from a consumer that died before it wrote them is new, behind the mark or not', async () => {
    await add(1, 2);
    await redis.xgroup('CREATE', KEY, 'tierd', '0');
    await redis.xreadgroup('GROUP', 'tierd', 'dead', 'COUNT', 2, 'STREAMS', KEY, '>');
    await add(3, 3);
    const patient = source({ claimIdleMs: 3_600_000 });
    expect(await bench.drain(patient)).toMatchObject({ rows: 1 });
    expect(await bench.drain(source({ claimIdleMs: 1 }))).toMatchObject({ rows: 2, repeated: 0 });
    expect(await prices()).toEqual(upTo(3));
  });
});
