/** Two daemons that have answers in Redis together: each gives the other's, as long as it is still true. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stopped } from '../support/daemon.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  type Answered,
  endHttpDaemon,
  fetchWithToken,
  type HttpDaemon,
  startHttpDaemon,
  WITH_TOKENS,
} from '../support/http-daemon.ts';
import { openRedis } from '../support/live.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';

describeOn('redis', 'answers that daemons share', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let daemons: readonly HttpDaemon[] = [];

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    await database.query(
      `create table ticks (ts timestamptz not null, id int);
       insert into ticks select now() - d * interval '24 hours', d from generate_series(1, 60) d`,
    );
    const start = (): Promise<HttpDaemon> =>
      startHttpDaemon(database, {
        sections: `
redis: { url: "${server.url}" }
query: { timeout: 20s, shared_cache: { ttl: 1h, max: 16MB } }
${WITH_TOKENS}`,
        datasets: '  ticks: { time_column: ts }',
      });
    daemons = [await start(), await start()];
  });

  afterAll(async () => {
    const [first, second] = daemons;
    if (second !== undefined) await stopped(second.process);
    if (first !== undefined) await endHttpDaemon(first);
    redis.disconnect();
    await server.remove();
  });

  const OLD = `select count(*) as n from ticks where ts < '${new Date(Date.now() - 40 * 86_400_000).toISOString()}'`;
  const ask = (which: number, sql: string): Promise<Answered> =>
    fetchWithToken(`${daemons[which]?.origin ?? ''}/v1/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql }),
    });
  const cacheOf = ({ headers }: Answered): string | null => headers.get('tierd-cache');
  const inRedis = (): Promise<number> => redis.exists('{tierd:answers}:index');

  it('are given by the other, and not when rows have come since', async () => {
    const first = await ask(0, OLD);
    expect(cacheOf(first)).toBe('miss');
    await expect.poll(inRedis).toBe(1);
    const second = await ask(1, OLD);
    expect(second.text).toBe(first.text);
    expect(cacheOf(second)).toBe('hit');
    await database.query("insert into ticks values (now() - interval '50 days', 0)");
    const changed = await ask(1, OLD);
    expect(cacheOf(changed)).toBe('miss');
    expect([first.text, changed.text]).toEqual(['[\n{"n":20}\n]\n', '[\n{"n":21}\n]\n']);
  });

  it('are taken for none where somebody altered them, or Redis is silent or away', async () => {
    const sql = OLD.replace('count(*)', 'count(*) + 1000');
    const first = await ask(0, sql);
    await expect.poll(() => redis.zcard('{tierd:answers}:index')).toBeGreaterThan(1);
    for (const key of await redis.zrange('{tierd:answers}:index', '0', '-1')) {
      await redis.call('SETRANGE', key, String((await redis.strlen(key)) - 4), '9');
    }
    const second = await ask(1, sql);
    expect([second.status, second.text, cacheOf(second)]).toEqual([200, first.text, 'miss']);
    await redis.call('CLIENT', 'PAUSE', '600000', 'ALL');
    const unheard = await ask(0, sql.replace('1000', '3000'));
    expect([unheard.status, cacheOf(unheard)]).toEqual([200, 'miss']);
    await server.remove();
    const third = await ask(1, sql.replace('1000', '2000'));
    expect([third.status, cacheOf(third)]).toEqual([200, 'miss']);
  });
});
