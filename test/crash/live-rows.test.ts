/**
 * Who asks with live rows while drains are under way, and are killed: never fewer than the truth, and each
 * once, whatever is claimed, committed and acknowledged between the look into Redis and the snapshot.
 */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DrainSource } from '../../src/domain/drain/source.ts';
import type { SourceKind } from '../../src/domain/live/live-entry.ts';
import { askStores } from '../support/ask-stores.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { openDrainBench } from '../support/drain.ts';
import { openRedis } from '../support/live.ts';
import { liveSideOf } from '../support/live-side.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type Bench, openBench } from '../support/rotation.ts';
import { describeOn } from '../support/servers.ts';
import { type DrainTruth, sceneSource, sceneTable, writeOne } from './drain-scenario.ts';
import { KillCount } from './kill-count.ts';
import { bundleVictim, sendVictim } from './send-victim.ts';

const KINDS: readonly SourceKind[] = ['snapshot', 'move', 'claim', 'list', 'stream', 'zset'];
const ENTRIES = 40;
const KILLS = process.env['TIERD_TEST_KILLS'] === 'all' ? 40 : 6;
const SEED = Number(process.env['TIERD_TEST_SEED'] ?? Date.now() % 1_000);

describeOn('redis', 'what waits in Redis, while drains are killed', () => {
  let victim = '';
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let db: pg.Client;

  beforeAll(async () => {
    victim = await bundleVictim('drain-victim');
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    db = await database.connect();
    await openDrainBench(database, server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  /** As the writer names what it wrote. */
  const SQL: Readonly<Record<SourceKind, (name: string) => string>> = {
    list: (name) =>
      `select symbol || ' ' || n as name, count(*)::text as held from ${name} group by 1`,
    stream: (name) =>
      `select symbol || ' ' || n as name, count(*)::text as held from ${name} group by 1`,
    zset: (name) => `select symbol || ' ' || n as name, epoch_ms(ts)::text as held from ${name}`,
    claim: (
      name,
    ) => `select symbol || ' a' as name, a::text as held from ${name} where a is not null
                      union all select symbol || ' b', b::text from ${name} where b is not null`,
    move: (name) => `select symbol as name, n::text as held from ${name}`,
    snapshot: (name) => `select symbol as name, n::text as held from ${name}`,
  };

  it.for(KINDS)(
    '%s: no answer is short of a row, and none has one twice',
    async (kind, context) => {
      const bench = await openBench(database);
      const count = new KillCount(context);
      let answers = 0;
      for (let round = 0; round < KILLS; round += 1) {
        const name = `live_${kind}_${String(round)}`;
        await db.query(sceneTable(kind, name));
        const written: DrainTruth = new Map();
        for (let n = 0; n < ENTRIES; n += 1) await writeOne(redis, kind, name, written, n);
        // What can be no row is a dead letter, before the drain and after it.
        const truth = new Map([...written].filter(([what]) => !/ x\d+$/.test(what)));
        const source = sceneSource(kind, name);
        // Somewhere in it: which effect that is changes from run to run.
        const killAt = 1 + ((SEED + round * 17) % 30);
        const moment = round % 2 === 0 ? 'sent' : 'before';
        const state = { isUnderway: true };
        const order = {
          url: database.url,
          redisUrl: server.url,
          kind,
          name,
          leaseTtlMs: 30_000,
          killAt,
          moment,
        } as const;
        const sent = sendVictim(victim, order).finally(() => {
          state.isUnderway = false;
        });
        const seen = async (): Promise<void> => {
          await check(
            bench,
            kind,
            source,
            truth,
            `killed ${moment} ${String(killAt)}, seed ${String(SEED)}`,
          );
          answers += 1;
        };
        while (state.isUnderway) await seen();
        const { wasKilled } = await sent;
        if (wasKilled) count.add();
        // As it was left by who was killed.
        await seen();
      }
      expect(answers).toBeGreaterThan(KILLS * 2);
      await count.tell(`${String(answers)} answers meanwhile`);
    },
  );

  async function check(
    bench: Bench,
    kind: SourceKind,
    source: DrainSource,
    truth: DrainTruth,
    when: string,
  ): Promise<void> {
    const live = liveSideOf(server.url, [source]);
    const { rows, summary } = await askStores(bench, db, [source.dataset], SQL[kind](source.name), {
      live,
    });
    const found = new Map(rows.map(({ name, held }) => [String(name), String(held)]));
    expect(rows, when).toHaveLength(found.size);
    if (kind === 'list' && summary.notes.join().includes('may be counted twice')) {
      for (const [what, held] of truth)
        expect(Number(found.get(what)), when).toBeGreaterThanOrEqual(Number(held));
    } else expect(found, when).toEqual(truth);
  }
});
