/** Servers for the tests of one describe, started before the first and stopped behind the last. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type DrainBench, openDrainBench } from './drain.ts';
import { TICKS } from './drain-source.ts';
import { openRedis } from './live.ts';
import { type RedisOptions, type RedisServer, startRedis } from './redis-server.ts';

export interface RedisScene {
  readonly server: RedisServer;
  /** A client like any writer's. */
  readonly redis: Redis;
}

/** A Redis of its own, empty before each test. Good inside of tests and hooks. */
export function useRedis(options: RedisOptions = {}): RedisScene {
  const scene = {} as { server: RedisServer; redis: Redis };
  beforeAll(async () => {
    scene.server = await startRedis(options);
    scene.redis = openRedis(scene.server.url);
  });
  beforeEach(async () => {
    await scene.redis.flushall();
  });
  afterAll(async () => {
    scene.redis.disconnect();
    await scene.server.remove();
  });
  return scene;
}

export interface DrainScene extends RedisScene {
  readonly database: TestDatabase;
  readonly bench: DrainBench;
  /** Makes a table of ticks, keyed by symbol and time unless said otherwise. Gives its name. */
  table(definition?: string): Promise<string>;
  /** Its prices, in their order. */
  pricesIn(table: string): Promise<number[]>;
}

/** A Redis and a database with a ledger. */
export function useDrain(): DrainScene {
  const scene = useRedis() as { -readonly [Key in keyof DrainScene]: DrainScene[Key] };
  let count = 0;
  beforeAll(async () => {
    scene.database = await createTestDatabase();
    scene.bench = await openDrainBench(scene.database, scene.server.url);
  });
  beforeEach(() => {
    scene.bench.events.splice(0);
  });
  scene.table = async (definition = `${TICKS}, primary key (symbol, ts)`) => {
    count += 1;
    await scene.database.query(`create table ticks_${String(count)} (${definition})`);
    return `ticks_${String(count)}`;
  };
  scene.pricesIn = async (table) => {
    const { rows } = await scene.database.query(
      `select price::float8 as price from ${table} order by 1`,
    );
    return (rows as { price: number }[]).map(({ price }) => price);
  };
  return scene;
}
