/** Rows whose keys Redis may hand out again stay hot: in the lake they would be doubled. */
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from '../../../src/hot/server/connect.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { readCold } from '../../support/cold-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { openDrainBench } from '../../support/drain.ts';
import { makeSource, TICKS } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { type Bench, daysAgo, makeDataset, openBench } from '../../support/rotation.ts';
import { describeOn } from '../../support/servers.ts';
import { openProxy } from '../../support/tcp-proxy.ts';

describeOn('redis', 'a drain that was cut off after its COMMIT', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;

  beforeEach(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
  });
  afterEach(async () => {
    redis.disconnect();
    await server.remove();
  });

  /** Every row, hot or cold, by its price. */
  async function pricesOf({ lake }: Bench): Promise<readonly number[]> {
    const hot = await database.query('select price::float8 as price from ticks');
    const live = await database.query(
      `select object_key as key from tierd.segments where state = 'live'`,
    );
    const cold = await readCold(lake, live.rows as { key: string }[], 'price::double as price');
    return [...(hot.rows as { price: number }[]), ...cold]
      .map(({ price }) => Number(price))
      .sort((a, b) => a - b);
  }

  it.each(['move', 'claim', 'zset'] as const)(
    '%s: its rows stay hot until a drain has come to its end, the others go (I2, I4, I5)',
    async (kind) => {
      await database.query(`create table ticks (${TICKS}, primary key (symbol, ts))`);
      await database.query(
        `insert into ticks values ('Z', $1::timestamptz + interval '1 h', 100)`,
        [daysAgo(50)],
      );
      const due = Date.parse(daysAgo(40));
      for (let n = 0; n < 3; n += 1) {
        const entry = { ts: due + n, price: n };
        if (kind === 'zset') await redis.zadd('ticks:A', entry.ts, JSON.stringify(entry));
        else await redis.hset(`ticks:${String(n)}`, entry);
      }
      const source = makeSource('ticks', { kind, name: 'ticks_source' });
      const drains = await openDrainBench(database, server.url);
      const bench = await openBench(database);
      const dataset = makeDataset('ticks', { timeColumn: 'ts', sortBy: ['ts'] });

      const proxy = await openProxy(database.url);
      const batches = new Set<number>();
      proxy.onStatement((sql, connection) => {
        if (sql.startsWith('insert into tierd.drain_sources')) batches.add(connection);
        return sql === 'commit' && batches.has(connection) ? 'cut after' : 'pass';
      });
      const cut = drains.drain(source, { connect: () => connect({ url: proxy.url, job: 'test' }) });
      await expect(cut).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });

      const first = await rotateDataset(bench.rooms, dataset, { force: true });
      expect(first.totals.moved.map(({ rows }) => rows)).toEqual([1n]);
      expect(first.totals.failed.map(({ error }) => error)).toMatchObject([
        { code: 'ROWS_UNSETTLED', context: { source: 'ticks_source' } },
      ]);
      expect(await pricesOf(bench)).toEqual([0, 1, 2, 100]);

      await drains.drain(source);
      const second = await rotateDataset(bench.rooms, dataset, { force: true });
      expect(second.totals.failed).toEqual([]);
      expect(second.totals.moved.map(({ rows }) => rows)).toEqual([3n]);
      await drains.drain(source);
      expect(await pricesOf(bench)).toEqual([0, 1, 2, 100]);
    },
  );
});
