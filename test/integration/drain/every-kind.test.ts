import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DrainSource } from '../../../src/domain/drain/source.ts';
import type { SourceKind } from '../../../src/domain/live/live-entry.ts';
import { previewSource } from '../../../src/jobs/drain/preview.ts';
import { connectLive } from '../../../src/live/connect.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { documentedRules } from '../../support/documented-rules.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { makeSource, TICKS } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const KINDS: readonly SourceKind[] = ['snapshot', 'move', 'claim', 'list', 'stream', 'zset'];

describeOn('redis', 'whatever kind a source is', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let bench: DrainBench;

  beforeAll(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    bench = await openDrainBench(database, server.url);
    for (const kind of KINDS) {
      const hasKey = kind !== 'list' && kind !== 'stream';
      await database.query(
        `create table ${kind}s (${TICKS}${hasKey ? ', primary key (symbol, ts)' : ''})`,
      );
    }
  });
  beforeEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  /** Two entries that can be rows, of two keys, and one that can't. */
  async function fill(kind: SourceKind): Promise<DrainSource> {
    for (const [symbol, price] of [
      ['A', '1'],
      ['B', '2'],
      ['C', 'x'],
    ] as const) {
      const [key, entry] = [`ticks:${symbol}`, { ts: T0, price }];
      if (kind === 'list') await redis.rpush(key, JSON.stringify(entry));
      else if (kind === 'zset') await redis.zadd(key, T0, JSON.stringify(entry));
      else if (kind === 'stream') await redis.xadd(key, '*', 'ts', T0, 'price', price);
      else await redis.hset(key, entry);
    }
    const live = kind === 'stream' ? { trim: true } : {};
    return makeSource(`${kind}s`, { kind, name: `${kind}_source`, live });
  }

  /** All that either store holds. */
  async function everything(): Promise<unknown> {
    const keys = (await redis.keys('*')).sort();
    const held = await Promise.all(
      keys.map(async (key) => [
        key,
        (await redis.dumpBuffer(key)).toString('hex'),
        await redis.pttl(key),
      ]),
    );
    const tables = await database.query(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname in ('public', 'tierd') order by 1`,
    );
    const rows = await Promise.all(
      (tables.rows as { name: string }[]).map(async ({ name }) => [
        name,
        (await database.query(`select t::text, xmin::text from ${name} t order by 1`)).rows,
      ]),
    );
    const sequences = await database.query('select * from pg_sequences order by sequencename');
    return { held, rows, sequences: sequences.rows };
  }

  describe.each(KINDS)('%s', (kind) => {
    it('a preview changes nothing in either store (I7)', async () => {
      const source = await fill(kind);
      const before = await everything();
      const preview = await previewSource(bench.rooms, source, 5);
      expect(preview).toMatchObject({ kind, keys: 3, entries: 3 });
      const made = preview.sample.map((entry) =>
        'row' in entry ? entry.row[0] : entry.reason.code,
      );
      expect(made.sort()).toEqual(['A', 'B', 'not_a_number']);
      expect(await everything()).toEqual(before);
    });

    it('the rights that config/redis.conf gives are enough to drain it', async () => {
      await redis.call('ACL', 'SETUSER', 'tierd', 'reset', 'on', '>secret', ...documentedRules());
      const target = { ...targetOf(server.url), username: 'tierd', password: 'secret' };
      const heard: string[] = [];
      const listener = openRedis(server.url);
      await listener.subscribe(`tierd:drained:${kind}s`);
      listener.on('message', (_, message: string) => heard.push(message));
      const totals = await bench.drain(await fill(kind), {
        connectLive: () => connectLive(target, 'test'),
      });
      expect(totals).toMatchObject({ rows: 2, deadLetters: 1 });
      await expect
        .poll(() => heard.map((message) => (JSON.parse(message) as { rows: number }).rows))
        .not.toEqual([]);
      expect(await redis.keys('tierd:*')).toEqual([]);
      listener.disconnect();
    });
  });
});
