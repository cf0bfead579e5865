import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { openDrainBench } from '../../support/drain.ts';
import { makeSource, TICKS } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';
import { openSurvey } from '../../support/surveying.ts';

describeOn('redis', 'a survey of the live store', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  const source = makeSource('ticks', { kind: 'list', keys: 'list:{symbol}' });

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    await database.query(`create table ticks (${TICKS})`);
  });
  beforeEach(async () => {
    await redis.flushall();
  });
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  const open = () =>
    openSurvey(database, { datasets: [], redisUrl: server.url, sources: [source] });

  it('tells how its server is', async () => {
    await redis.set('key', 'value');
    const { live, error } = await open().take();
    expect(error).toBeNull();
    expect(live).toMatchObject({
      reachable: true,
      place: `${server.url}/0`,
      servers: [{ role: 'master', keys: 1, evictedKeys: 0, aof: { enabled: true, ok: true } }],
    });
    expect(live?.servers[0]?.usedBytes).toBeGreaterThan(0);
  });

  it('counts what waits, since when, and what was drained of it', async () => {
    const scene = open();
    expect((await scene.take()).sources).toMatchObject([
      { source: 'list_source', backlogEntries: 0, lagSeconds: 0, rowsWritten: 0 },
    ]);
    await redis.rpush('list:A', '{"ts":1000,"price":1}', 'not json');
    scene.later(60_000);
    expect((await scene.take()).sources).toMatchObject([
      { backlogEntries: 2, backlogKeys: 1, lagSeconds: 0 },
    ]);
    scene.later(60_000);
    expect((await scene.take()).sources).toMatchObject([{ backlogEntries: 2, lagSeconds: 60 }]);
    await (await openDrainBench(database, server.url)).drain(source);
    scene.later(60_000);
    const { sources, deadLettersWaiting } = await scene.take();
    expect(sources).toMatchObject([
      { backlogEntries: 0, lagSeconds: 0, entries: 2, rowsWritten: 1, deadLettersWaiting: 1 },
    ]);
    expect(sources[0]?.lastBatchAt).toMatch(/^\d{4}-/);
    expect(deadLettersWaiting).toBe(1);
  });

  it('tells which source can not start, and why, until it can', async () => {
    await database.query(`create table unkeyed (${TICKS})`);
    const moved = makeSource('unkeyed', { kind: 'move' });
    const scene = openSurvey(database, { datasets: [], redisUrl: server.url, sources: [moved] });
    const { sources, error } = await scene.take();
    expect(sources[0]?.error).toContain('no unique key');
    expect(error).toContain('no unique key');
    await database.query('create unique index on unkeyed (symbol, ts)');
    scene.later(120_000);
    expect((await scene.take()).sources[0]?.error).toBeNull();
  });

  it('takes no figure that is looked at seldom for a drain that stands still', async () => {
    const bench = await openDrainBench(database, server.url);
    await database.query('truncate tierd.drain_sources');
    const scene = open();
    const holder = await database.connect();
    await holder.query('begin; lock table tierd.drain_sources');
    const slow = scene.take({ connectLive: null });
    await expect.poll(isLookHeldUp).toBe(true);
    // So long a look is not repeated for 200 times as long.
    scene.later(1_000);
    await holder.query('commit');
    await holder.end();
    expect((await slow).error).toBeNull();

    await redis.rpush('list:A', '{"ts":1000,"price":1}');
    expect((await scene.take()).sources).toMatchObject([{ backlogEntries: 1, lagSeconds: 0 }]);
    await bench.drain(source);
    await redis.rpush('list:A', '{"ts":2000,"price":1}');
    scene.later(60_000);
    expect((await scene.take()).sources).toMatchObject([{ backlogEntries: 1, lagSeconds: 0 }]);
    // Nothing is drained into a server that is away, whatever was seen last.
    const away = { connect: () => Promise.reject(new Error('away')) };
    expect((await scene.take(away)).sources).toMatchObject([{ lagSeconds: 60 }]);
  });

  async function isLookHeldUp(): Promise<boolean> {
    const { rows } = await database.query(
      `select 1 from pg_stat_activity
       where application_name = 'tierd/survey' and wait_event_type = 'Lock' and datname = current_database()`,
    );
    return rows.length > 0;
  }

  it('keeps the last figures while Redis is away, says so, and has new ones when it is back', async () => {
    const scene = open();
    await redis.rpush('list:A', '{}');
    await scene.take();
    await server.stop();
    scene.later(60_000);
    const away = await scene.take();
    expect(away.live).toMatchObject({ reachable: false, servers: [{ role: 'master' }] });
    expect(away.live?.error).toContain('Redis');
    expect(away).toMatchObject({
      error: away.live?.error,
      hot: { reachable: true },
      sources: [{ backlogEntries: 1 }],
    });
    await server.start();
    scene.later(60_000);
    expect(await scene.take()).toMatchObject({
      error: null,
      live: { reachable: true },
      sources: [{ backlogEntries: 1, error: null }],
    });
  });

  it('gives up a Redis that has gone silent, and takes none of the others with it', async () => {
    const scene = open();
    process.kill(server.pid(), 'SIGSTOP');
    try {
      const began = performance.now();
      const { live, hot, error } = await scene.take({}, AbortSignal.timeout(1_000));
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(hot.reachable).toBe(true);
      expect(live?.reachable).toBe(false);
      expect(error).toContain('Redis');
    } finally {
      process.kill(server.pid(), 'SIGCONT');
    }
  });

  it('warns of keys that may be gone before they are drained', async () => {
    await redis.rpush('list:A', '{}');
    await redis.expire('list:A', 1);
    const { live } = await open().take();
    expect(live?.warnings.join('\n')).toContain('list_source');
  });
});
