/** What drains that are killed leave in the ledger, and for how long. */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { DrainSource } from '../../../src/domain/drain/source.ts';
import type { SourceKind } from '../../../src/domain/live/live-entry.ts';
import type { DrainRooms } from '../../../src/jobs/drain/rooms.ts';
import {
  type DrainTruth,
  type DrainVictimOrder,
  readFound,
  sceneSource,
  sceneTable,
  writeOne,
} from '../../crash/drain-scenario.ts';
import { leftInLedger } from '../../crash/leftovers.ts';
import { bundleVictim, sendVictim } from '../../crash/send-victim.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { openRedis } from '../../support/live.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';

const ENTRIES = 60;
const HOUR_MS = 3_600_000;
const KEEP_MS = 7 * 24 * HOUR_MS;

describeOn('redis', 'the ledger after drains were killed', () => {
  let victim = '';
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let db: pg.Client;
  let bench: DrainBench;
  let truth: DrainTruth;

  beforeAll(async () => {
    victim = await bundleVictim('drain-victim');
  });
  beforeEach(async () => {
    server = await startRedis();
    redis = openRedis(server.url);
    database = await createTestDatabase();
    db = await database.connect();
    bench = await openDrainBench(database, server.url);
    const settings = { ...bench.rooms.settings, keepDeliveriesMs: KEEP_MS, patienceMs: HOUR_MS };
    bench = await openDrainBench(database, server.url, { settings });
    truth = new Map();
  });
  afterEach(async () => {
    redis.disconnect();
    await server.remove();
  });

  async function fill(kind: SourceKind, name: string): Promise<DrainSource> {
    await db.query(sceneTable(kind, name));
    for (let n = 0; n < ENTRIES; n += 1) await writeOne(redis, kind, name, truth, n);
    return sceneSource(kind, name);
  }

  async function kill(
    kind: SourceKind,
    name: string,
    at: Pick<DrainVictimOrder, 'killAt' | 'moment'>,
  ): Promise<void> {
    const order = { url: database.url, redisUrl: server.url, kind, name, leaseTtlMs: 30_000 };
    const { met } = await sendVictim(victim, { ...order, ...at });
    expect(met.at(-1)).toBe(at.killAt);
    // As if its lifetime had passed.
    await db.query('update tierd.leases set expires_at = clock_timestamp()');
  }

  const underway = (): Promise<readonly string[]> => leftInLedger(db);

  async function kept(): Promise<number> {
    const found = await db.query<{ rows: number }>(
      `select (select count(*) from tierd.deliveries)::int + (select count(*) from tierd.claims)::int as rows`,
    );
    return found.rows[0]?.rows ?? 0;
  }

  /** As if so much time had passed since the ledger was told. */
  const pass = (ms: number): Promise<unknown> =>
    db.query(
      `update tierd.deliveries set acknowledged_at = acknowledged_at - ${String(ms)} * interval '1 millisecond';
       update tierd.claims set removed_at = removed_at - ${String(ms)} * interval '1 millisecond'`,
    );

  it.each([
    ['stream', 'sql commit', 'sent', true],
    ['stream', 'redis xack', 'before', true],
    // Acknowledged, and the ledger does not know: nothing of it ever comes again.
    ['stream', 'redis xack', 'sent', true],
    ['list', 'redis unlink', 'before', true],
    // Removed, and the ledger does not know.
    ['list', 'redis unlink', 'sent', true],
    ['claim', 'sql commit', 'sent', false],
    ['move', 'sql commit', 'sent', false],
    ['zset', 'sql commit', 'sent', false],
    ['snapshot', 'sql commit', 'sent', false],
  ] as const)(
    'of a %s, at "%s" (%s), has no row under way once a run has ended, and none at all after keep_deliveries (I4)',
    async (kind, killAt, moment, leavesRecords) => {
      const source = await fill(kind, 'scene');
      for (let times = 0; times < 2; times += 1) await kill(kind, 'scene', { killAt, moment });
      await bench.drain(source);
      expect(await readFound(db, kind, 'scene')).toEqual(truth);
      expect(await underway()).toEqual([]);
      expect((await kept()) > 0).toBe(leavesRecords);

      await pass(KEEP_MS - HOUR_MS);
      const before = await kept();
      await bench.drain(source);
      expect(await kept()).toBe(before);
      await pass(2 * HOUR_MS);
      await bench.drain(source);
      expect(await kept()).toBe(0);
    },
  );

  it('knows its deliveries also where they come again in batches of another size', async () => {
    const source = await fill('stream', 'scene');
    await kill('stream', 'scene', { killAt: 'redis xack', moment: 'before' });
    await bench.drain({ ...source, limits: { maxEntries: 5, maxBytes: 1e6 } });
    expect(await readFound(db, 'stream', 'scene')).toEqual(truth);
    expect(await underway()).toEqual([]);
  });

  it('knows them under another name of the source, and where the stream is gone', async () => {
    const source = await fill('stream', 'scene');
    await kill('stream', 'scene', { killAt: 'redis xack', moment: 'sent' });
    await redis.del('scene:A', 'scene:B', 'scene:C');
    // As long ago as somebody needs to edit a configuration.
    await db.query("update tierd.leases set expires_at = clock_timestamp() - interval '2 hours'");
    await bench.drain({ ...source, name: 'renamed', live: { ...source.live, name: 'renamed' } });
    expect(await underway()).toEqual([]);
  });

  it('keeps deliveries that Redis may hand out again, whoever holds them', async () => {
    const source = await fill('stream', 'scene');
    await kill('stream', 'scene', { killAt: 'redis xack', moment: 'before' });
    // Of the same group, and not idle for long enough to be taken from it.
    const another = { ...source.live, consumer: 'another' } as DrainSource['live'];
    await bench.drain({ ...source, live: another });
    expect(await underway()).toMatchObject([expect.stringMatching(/^delivery .*scene:.$/)]);
    await pass(KEEP_MS + 1);
    await bench.drain(source);
    expect(await readFound(db, 'stream', 'scene')).toEqual(truth);
    expect(await underway()).toEqual([]);
  });

  it('forgets what was told in time of a source that is in no configuration any more', async () => {
    await bench.drain(await fill('stream', 'old'));
    await bench.drain(await fill('list', 'older'));
    await pass(KEEP_MS + 1);
    truth.clear();
    await bench.drain(await fill('zset', 'scene'));
    expect(await kept()).toBe(0);
  });

  it('tells of a claim that somebody took away half drained, and keeps what it knows of it', async () => {
    const source = await fill('list', 'scene');
    const cut = new AbortController();
    const emit: DrainRooms['emit'] = ({ kind }) => {
      if (kind === 'committed') cut.abort();
    };
    await bench.drain(source, { signal: cut.signal, emit }).catch(() => undefined);
    const [half] = await readHalf();
    expect(half).toBeDefined();
    await redis.del(half ?? '');
    await bench.drain(source);
    expect(bench.events).toContainEqual(
      expect.objectContaining({ kind: 'claim-gone', source: 'scene', claim: half }),
    );
    expect(await underway()).toEqual([`claim that nobody noted as removed: ${half ?? ''}`]);
  });

  const readHalf = async (): Promise<readonly string[]> => {
    const found = await db.query<{ claim: string }>(
      'select claim from tierd.claims where not done',
    );
    return found.rows.map(({ claim }) => claim);
  };
});
