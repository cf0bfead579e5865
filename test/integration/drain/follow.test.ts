import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { TierdError } from '../../../src/domain/errors.ts';
import { lookAtSources } from '../../../src/jobs/drain/look-at-sources.ts';
import { followSource } from '../../../src/jobs/drain.ts';
import { pause, resume } from '../../../src/ledger/pauses.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { makeSource, TICKS } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');

const PATIENTLY = { interval: 10 };

describeOn('redis', 'a drain that goes on', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let bench: DrainBench;

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
  });
  beforeEach(async () => {
    await redis.flushall();
    database = await createTestDatabase();
    bench = await openDrainBench(database, server.url);
    await database.query(`create table ticks (${TICKS})`);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  const add = (n: number): Promise<number> =>
    redis.rpush('ticks:A', JSON.stringify({ ts: T0 + n, price: n }));

  async function count(): Promise<number> {
    return (await database.query('select from ticks')).rowCount ?? 0;
  }

  it('takes what comes, until it is interrupted', async () => {
    const stop = new AbortController();
    const following = followSource(
      { ...bench.rooms, signal: stop.signal },
      makeSource('ticks', { kind: 'list' }),
      20,
    );
    await add(1);
    await expect.poll(count, PATIENTLY).toBe(1);
    await add(2);
    await expect.poll(count, PATIENTLY).toBe(2);
    stop.abort('SIGINT');
    await expect(following).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining('2 rows') as string,
    });
    const runs = await database.query(
      'select job, dataset, state, rows_moved::int as rows from tierd.runs',
    );
    expect(runs.rows).toEqual([
      { job: 'drain', dataset: 'drain:list_source', state: 'interrupted', rows: 2 },
    ]);
  });

  it('goes on after its lease was taken and given back, and after Redis was restarted', async () => {
    const stop = new AbortController();
    const following = followSource(
      {
        ...bench.rooms,
        signal: stop.signal,
        settings: { ...bench.rooms.settings, leaseTtlMs: 300 },
      },
      makeSource('ticks', { kind: 'list' }),
      20,
    );
    following.catch(() => undefined);
    await add(1);
    await expect.poll(count, PATIENTLY).toBe(1);
    await database.query(
      `update tierd.leases set token = token + 1, holder = 'another', expires_at = now() + interval '500 ms'`,
    );
    await add(2);
    await expect.poll(count, PATIENTLY).toBe(2);
    await server.stop('immediate');
    await server.start();
    await expect.poll(() => add(3).catch(() => 0), PATIENTLY).toBeGreaterThan(0);
    await expect.poll(count, PATIENTLY).toBe(3);
    expect(bench.events.some(({ kind }) => kind === 'retrying')).toBe(true);
    stop.abort('SIGINT');
    await expect(following).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('waits while its dataset is paused, gives up its lease meanwhile, and goes on when resumed', async () => {
    const stop = new AbortController();
    const source = makeSource('ticks', { kind: 'list' });
    const db = await database.connect();
    const following = followSource({ ...bench.rooms, signal: stop.signal }, source, 20);
    following.catch(() => undefined);
    await add(1);
    await expect.poll(count, PATIENTLY).toBe(1);
    await pause(db, { kind: 'dataset', dataset: 'ticks' }, 'ann');
    await expect
      .poll(() => bench.events.find(({ kind }) => kind === 'paused'), PATIENTLY)
      .toMatchObject({ reason: expect.stringContaining('by ann') as string });
    await add(2);
    await expect(bench.drain(source)).rejects.toMatchObject({
      code: 'DATASET_PAUSED',
      exitCode: 3,
    });
    expect(await count()).toBe(1);
    await bench.drain(source, {}, { followEveryMs: null, evenIfPaused: true });
    expect(await count()).toBe(2);
    await add(3);
    await resume(db, { kind: 'dataset', dataset: 'ticks' });
    await expect.poll(count, PATIENTLY).toBe(3);
    expect(bench.events.filter(({ kind }) => kind === 'resumed')).toHaveLength(1);
    stop.abort('SIGINT');
    await expect(following).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('hears of a pause in the middle of a backlog', async () => {
    const stop = new AbortController();
    const db = await database.connect();
    for (let n = 0; n < 30; n += 1) await add(n);
    const source = makeSource('ticks', { kind: 'list', limits: { maxEntries: 1, maxBytes: 1e6 } });
    let paused: Promise<unknown> | null = null;
    const following = followSource(
      {
        ...bench.rooms,
        signal: stop.signal,
        // Each look is an interval later.
        clock: { now: () => Date.now() + bench.events.length * 1_000 },
        connect: async (purpose) => {
          const client = await bench.rooms.connect(purpose);
          const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
          // However fast it drains: no batch is committed while the pause is being written.
          const behindPause = (...args: unknown[]): unknown =>
            args[0] === 'commit'
              ? Promise.resolve(paused).then(() => query(...args))
              : query(...args);
          return Object.assign(client, { query: behindPause });
        },
        emit: (event) => {
          bench.events.push(event);
          if (event.kind === 'committed') {
            paused ??= pause(db, { kind: 'dataset', dataset: 'ticks' }, 'ann');
          }
        },
      },
      source,
      100,
    );
    following.catch(() => undefined);
    await expect.poll(() => bench.events.map(({ kind }) => kind), PATIENTLY).toContain('paused');
    expect(await count()).toBeLessThan(30);
    await resume(db, { kind: 'dataset', dataset: 'ticks' });
    await expect.poll(count, PATIENTLY).toBe(30);
    stop.abort('SIGINT');
    await expect(following).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('between two batches stops where it is asked to, and the next run goes on', async () => {
    const stop = new AbortController();
    for (let n = 0; n < 30; n += 1) await add(n);
    const source = makeSource('ticks', { kind: 'list', limits: { maxEntries: 10, maxBytes: 1e6 } });
    const stopped = bench.drain(source, {
      signal: stop.signal,
      emit: ({ kind }) => {
        if (kind === 'committed') stop.abort('SIGINT');
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await count()).toBe(10);
    await bench.drain(source);
    expect(await count()).toBe(30);
  });

  it('a source that can not start says so at once, and status says why', async () => {
    const moved = makeSource('ticks', { kind: 'move' });
    const [status] = await lookAtSources(bench.rooms, [moved]);
    expect(status?.error).toMatchObject({ code: 'UNIQUE_KEY_MISSING' });
    await expect(followSource(bench.rooms, moved, 20)).rejects.toMatchObject({
      code: 'UNIQUE_KEY_MISSING',
    });
    expect(bench.events).toMatchObject([
      { kind: 'stopped', source: 'move_source', error: { code: 'UNIQUE_KEY_MISSING' } },
    ]);
    const [noted] = await lookAtSources(bench.rooms, [moved]);
    expect(noted?.record?.lastProblem).toContain('UNIQUE_KEY_MISSING');
  });

  it('a source that waits for a store says in the status what it waits for', async () => {
    const stop = new AbortController();
    const away = (): Promise<never> =>
      Promise.reject(new TierdError({ code: 'REDIS_UNREACHABLE', message: 'Redis is away' }));
    const list = makeSource('ticks', { kind: 'list' });
    const following = followSource(
      { ...bench.rooms, connectLive: away, signal: stop.signal },
      list,
      20,
    );
    await expect
      .poll(
        async () => (await lookAtSources(bench.rooms, [list]))[0]?.record?.lastProblem,
        PATIENTLY,
      )
      .toContain('Redis is away');
    stop.abort('SIGTERM');
    await expect(following).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

describeOn(['redis', 'timescale'], 'a drain into a hypertable', () => {
  it('writes few rows and many, the newer of two', async () => {
    const server = await startRedis();
    const redis = openRedis(server.url);
    try {
      const database = await createTestDatabase({ timescale: true });
      const bench = await openDrainBench(database, server.url);
      await database.query(
        `create table ticks (${TICKS}, primary key (symbol, ts));
         select create_hypertable('ticks', 'ts', chunk_time_interval => interval '1 day')`,
      );
      const source = makeSource('ticks', {
        kind: 'list',
        sameKey: 'last',
        version: 'price',
        limits: { maxEntries: 5_000, maxBytes: 1e8 },
      });
      const entry = (n: number, price: number): string =>
        JSON.stringify({ ts: T0 + n * 60_000, price });
      const many = Array.from({ length: 4_000 }, (_, n) => entry(n, n % 7 === 0 ? 2 : 1));
      await redis.rpush('ticks:A', ...many, entry(0, 1));
      await bench.drain(source);
      await redis.rpush('ticks:A', entry(1, 5), entry(0, 0));
      await bench.drain(source);
      const found = await database.query(
        `select count(*)::int as n, (array_agg(price::int order by ts))[1:2] as first from ticks`,
      );
      expect(found.rows).toEqual([{ n: 4_000, first: [2, 5] }]);
    } finally {
      redis.disconnect();
      await server.remove();
    }
  });
});
