/**
 * kill -9 before and in every effect of a drain, in Redis and in PostgreSQL, while a writer goes
 * on. After the next run everything that Redis ever confirmed is found: as a row or a dead letter, once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SourceKind } from '../../src/domain/live/live-entry.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type DrainBench, openDrainBench } from '../support/drain.ts';
import { openRedis } from '../support/live.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import {
  type DrainTruth,
  type DrainVictimOrder,
  readFound,
  readLeft,
  sceneSource,
  sceneTable,
  writeOne,
} from './drain-scenario.ts';
import { KillCount, partOf } from './kill-count.ts';
import { clockOf, findLeft } from './leftovers.ts';
import { bundleVictim, sendVictim } from './send-victim.ts';

const LEASE_TTL_MS = 30_000;
/** What a scene starts with; a writer adds to it. */
const FIRST_ENTRIES = 24;
/** Fewer mean that the effects are no longer seen. */
const FEWEST_EFFECTS = 12;
const SEED = Number(process.env['TIERD_TEST_SEED'] ?? Date.now() % 1_000);

export function killDrainEverywhere(kind: SourceKind): void {
  let victim = '';
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let bench: DrainBench;

  beforeAll(async () => {
    victim = await bundleVictim('drain-victim');
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    const settings = { patienceMs: 3_600_000, leaseTtlMs: LEASE_TTL_MS };
    bench = await openDrainBench(database, server.url);
    bench = await openDrainBench(database, server.url, {
      settings: { ...bench.rooms.settings, ...settings },
    });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.remove();
  });

  it.for(['before', 'sent'] as const)(
    `${kind}: killed at each effect (%s), nothing is lost and nothing doubled`,
    async (moment, context) => {
      const count = new KillCount(context);
      const effects = await killAndRecover(0, moment, count);
      expect(effects.length).toBeGreaterThan(FEWEST_EFFECTS);
      const chosen = chooseEffects(effects);
      for (const killAt of chosen) await killAndRecover(killAt, moment, count);
      await count.tell(partOf(chosen, effects));
    },
  );

  async function killAndRecover(
    killAt: number,
    moment: DrainVictimOrder['moment'],
    count: KillCount,
  ): Promise<readonly string[]> {
    const name = `${kind}_${moment}_${String(killAt)}`;
    const db = await database.connect();
    await db.query(sceneTable(kind, name));
    const truth: DrainTruth = new Map();
    const writer = startWriter(redis, kind, name, truth);
    await expect.poll(() => writer.written(), { interval: 5 }).toBeGreaterThan(FIRST_ENTRIES);

    const { met, wasKilled } = await sendVictim(victim, {
      url: database.url,
      redisUrl: server.url,
      kind,
      name,
      leaseTtlMs: LEASE_TTL_MS,
      killAt,
      moment,
    } satisfies DrainVictimOrder);
    if (wasKilled) count.add();
    // At once: what the victim lost must not be hidden by a later write to the same key.
    await writer.stop();
    const told = `seed ${String(SEED)}, killed ${moment} effect ${String(killAt)}: ${met.at(-1) ?? ''}`;

    // As if its lifetime had passed.
    await db.query('update tierd.leases set expires_at = clock_timestamp()');
    const source = sceneSource(kind, name);
    await bench.drain(source);
    expect(await readFound(db, kind, name), told).toEqual(truth);
    expect(await readLeft(redis, kind, name), told).toEqual([]);
    // Nothing of either is remembered longer than asked for.
    const outlived = { keepMs: 0, asOf: await clockOf(db) };
    await bench.drain(source, { settings: { ...bench.rooms.settings, keepDeliveriesMs: 0 } });
    expect(await findLeft(db, { outlived }), told).toEqual([]);
    await db.query(`drop table ${name}`);
    await db.end();
    return met;
  }
}

/** Where a step becomes true, or is taken back: met at every run. */
const TURNING_POINTS: ReadonlySet<string> = new Set([
  'sql commit',
  'redis xack',
  'redis unlink',
  'redis exec',
  'redis evalsha',
  'redis waitaof',
]);

/**
 * The ordinals to kill at: every COMMIT, claim, removal and acknowledgement, and of all others, which
 * read or end with the process, a changing sixth. All of them with TIERD_TEST_KILLS=all.
 */
function chooseEffects(effects: readonly string[]): readonly number[] {
  const all = process.env['TIERD_TEST_KILLS'] === 'all';
  return effects.flatMap((label, index) =>
    all || TURNING_POINTS.has(label) || (index + SEED) % 6 === 0 ? [index + 1] : [],
  );
}

/** Goes on until stopped, as fast as Redis answers and a little slower. */
function startWriter(
  redis: Redis,
  kind: SourceKind,
  name: string,
  truth: DrainTruth,
): { written(): number; stop(): Promise<void> } {
  const over = new AbortController();
  let n = 0;
  const running = (async () => {
    while (!over.signal.aborted) {
      await writeOne(redis, kind, name, truth, n);
      n += 1;
      // First what the scene starts with, then a write now and then.
      if (n > FIRST_ENTRIES) await pause(3);
    }
  })();
  return {
    written: () => n,
    async stop() {
      over.abort();
      await running;
    },
  };
}
