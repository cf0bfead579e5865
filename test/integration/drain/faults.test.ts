import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DrainSource } from '../../../src/domain/drain/source.ts';
import type { SourceKind } from '../../../src/domain/live/live-entry.ts';
import { connect } from '../../../src/hot/server/connect.ts';
import type { DrainRooms } from '../../../src/jobs/drain/rooms.ts';
import { listSources, type SourceRecord } from '../../../src/ledger/drain-sources.ts';
import { connectLive } from '../../../src/live/connect.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type DrainBench, openDrainBench } from '../../support/drain.ts';
import { makeSource, type SourceChanges, TICKS } from '../../support/drain-source.ts';
import { openRedis } from '../../support/live.ts';
import { targetOf } from '../../support/live-target.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { describeOn } from '../../support/servers.ts';
import { openProxy, type Verdict } from '../../support/tcp-proxy.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const ENTRIES = 25;
const PATIENTLY = { timeout: 60_000 };
const run = promisify(execFile);

describeOn('redis', 'a drain through faults', () => {
  let server: RedisServer;
  let redis: Redis;
  let database: TestDatabase;
  let bench: DrainBench;

  beforeEach(async () => {
    // A replica is there at once, not after the usual five seconds.
    server = await startRedis({ settings: { 'repl-diskless-sync-delay': '0' } });
    redis = openRedis(server.url);
    database = await createTestDatabase();
    bench = await openDrainBench(database, server.url);
    bench = await openDrainBench(database, server.url, {
      // No fault is over because a slow machine took long to mend it.
      settings: { ...bench.rooms.settings, patienceMs: 3_600_000 },
    });
  });
  afterEach(async () => {
    redis.disconnect();
    await server.remove();
  });

  /** A source of ENTRIES entries in several batches, which are named by their price. */
  async function fill(
    kind: SourceKind,
    changes: Partial<SourceChanges> = {},
  ): Promise<DrainSource> {
    const key = kind === 'list' || kind === 'stream' ? '' : ', primary key (symbol, ts)';
    await database.query(`create table ticks (${TICKS}${key})`);
    for (let n = 0; n < ENTRIES; n += 1) {
      const entry = { ts: T0 + n, price: n };
      if (kind === 'list') await redis.rpush('ticks:A', JSON.stringify(entry));
      else if (kind === 'zset') await redis.zadd('ticks:A', T0 + n, JSON.stringify(entry));
      else if (kind === 'stream') {
        await redis.xadd('ticks:A', `${String(n + 1)}-0`, 'ts', entry.ts, 'price', n);
      } else await redis.hset(`ticks:${String(n)}`, entry);
    }
    const limits = { maxEntries: 10, maxBytes: 1e6 };
    return makeSource('ticks', { kind, name: 'ticks_source', limits, ...changes });
  }

  /** Every entry is a row, and each once. */
  async function expectAllOnce(told?: string): Promise<void> {
    const found = await database.query('select price::int as n from ticks order by 1');
    expect(
      (found.rows as { n: number }[]).map(({ n }) => n),
      told,
    ).toEqual(Array.from({ length: ENTRIES }, (_, n) => n));
  }

  async function recordOf(): Promise<SourceRecord | undefined> {
    const db = await database.connect();
    const [record] = await listSources(db);
    await db.end();
    return record;
  }

  /** Rooms that call `disturb` once, when the first batch's transaction is about to be committed. */
  function disturbedAtCommit(disturb: () => Promise<unknown>): Partial<DrainRooms> {
    let isBatch = false;
    let isOver = false;
    return {
      connect: async (purpose) => {
        const client = await bench.rooms.connect(purpose);
        const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
        const disturbed = (...args: unknown[]): unknown => {
          const [text] = args;
          if (String(text).startsWith('insert into tierd.drain_sources')) isBatch = true;
          if (text !== 'commit' || !isBatch || isOver) return query(...args);
          isOver = true;
          return disturb().then(() => query(...args));
        };
        return Object.assign(client, { query: disturbed });
      },
    };
  }

  it('whose lines all go silent is over with its lease, and does not wait for TCP (I8, I9)', async () => {
    const source = await fill('stream');
    const proxy = await openProxy(database.url);
    let isSilent = false;
    proxy.onStatement((sql) => {
      isSilent ||= sql.startsWith('insert into tierd.drain_sources (source, dataset) values');
      return isSilent ? 'stall' : 'pass';
    });
    const drained = bench.drain(source, {
      connect: () => connect({ url: proxy.url, job: 'test' }),
      settings: { ...bench.rooms.settings, leaseTtlMs: 1_000 },
    });
    await expect(drained).rejects.toMatchObject({ code: 'LEASE_LOST', exitCode: 5 });
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'tierd/test' and datname = current_database() and state like 'idle in%'`,
    );
    await bench.drain(source);
    await expectAllOnce();
  }, 60_000);

  describe.each(['list', 'stream', 'move', 'claim', 'zset'] as const)('of a %s', (kind) => {
    it.each(['cut before', 'cut at once', 'cut after'] as const)(
      'whose connection breaks at COMMIT (%s) goes on, and doubles nothing (I9)',
      async (verdict: Verdict) => {
        const source = await fill(kind);
        const proxy = await openProxy(database.url);
        const batches = new Set<number>();
        let cuts = 0;
        proxy.onStatement((sql, connection) => {
          if (sql.startsWith('insert into tierd.drain_sources (source, dataset) values'))
            batches.add(connection);
          if (sql !== 'commit' || !batches.has(connection) || cuts >= 2) return 'pass';
          cuts += 1;
          return verdict;
        });
        await bench.drain(source, { connect: () => connect({ url: proxy.url, job: 'test' }) });
        expect(cuts).toBe(2);
        expect(bench.events.filter((event) => event.kind === 'retrying')).toHaveLength(2);
        await expectAllOnce();
      },
    );

    it('whose COMMIT takes effect long after its connection broke waits for it (I9)', async () => {
      const source = await fill(kind);
      await database.query(
        `create function linger() returns trigger language plpgsql as
           'begin if new.price = 0 then perform pg_sleep(1.5); end if; return null; end';
         create constraint trigger linger after insert on ticks deferrable initially deferred
           for each row execute function linger()`,
      );
      const proxy = await openProxy(database.url);
      const batches = new Set<number>();
      let isCut = false;
      proxy.onStatement((sql, connection) => {
        if (sql.startsWith('insert into tierd.drain_sources (source, dataset) values'))
          batches.add(connection);
        if (sql !== 'commit' || !batches.has(connection) || isCut) return 'pass';
        isCut = true;
        return 'cut at once';
      });
      await bench.drain(source, { connect: () => connect({ url: proxy.url, job: 'test' }) });
      expect(isCut).toBe(true);
      await expectAllOnce();
    });

    it('after which Redis comes back without what it did since the first COMMIT', async () => {
      const source = await fill(kind);
      const copy = `${server.dataDir}-copy`;
      const keep = disturbedAtCommit(() => run('cp', ['-a', server.dataDir, copy]));
      await bench.drain(source, keep);
      redis.disconnect();
      await server.stop('immediate');
      await rm(server.dataDir, { recursive: true });
      await run('mv', [copy, server.dataDir]);
      await server.start();
      redis = openRedis(server.url);
      expect(await redis.dbsize()).toBeGreaterThan(0);
      await bench.drain(source);
      await expectAllOnce();
      expect(await redis.keys('tierd:claim:*')).toEqual([]);
    });

    it('whose replica takes over with what it had at the first COMMIT', async () => {
      const replica = await startRedis();
      const other = openRedis(replica.url);
      try {
        await other.replicaof('127.0.0.1', server.port);
        const source = await fill(kind);
        await expect.poll(() => other.dbsize(), PATIENTLY).toBe(await redis.dbsize());
        await expect
          .poll(() => other.info('replication'), PATIENTLY)
          .toContain('master_link_status:up');
        await bench.drain(source, {
          ...disturbedAtCommit(async () => {
            // What was waited for is there; what is under way need not be.
            await other.replicaof('NO', 'ONE');
          }),
          connectLive: () =>
            connectLive(targetOf(server.url, { waitReplicas: kind === 'list' ? 1 : 0 }), 'test'),
          settings: { ...bench.rooms.settings, patienceMs: 0 },
        });
        await bench.drain(source, {
          connectLive: () => connectLive(targetOf(replica.url), 'test'),
        });
        await expectAllOnce();
      } finally {
        other.disconnect();
        await replica.remove();
      }
    });

    it('under a lease that another took commits nothing and removes nothing (I8, I5)', async () => {
      const source = await fill(kind);
      const { connect: plain } = bench.rooms;
      const stolen = bench.drain(source, {
        connect: async (purpose) => {
          const client = await plain(purpose);
          const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
          return Object.assign(client, {
            query: (...args: unknown[]): unknown =>
              String(args[0]).startsWith('insert into tierd.drain_sources')
                ? database
                    .query('update tierd.leases set token = token + 1')
                    .then(() => query(...args))
                : query(...args),
          });
        },
      });
      await expect(stolen).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect((await database.query('select from ticks')).rowCount).toBe(0);
      await database.query('update tierd.leases set expires_at = now()');
      await bench.drain(source);
      await expectAllOnce();
    });
  });

  it('while PostgreSQL is away removes nothing, and clears the backlog after', async () => {
    const source = await fill('list');
    const proxy = await openProxy(database.url);
    let isAway = false;
    proxy.onStatement((sql) => {
      if (sql.startsWith('insert into tierd.drain_sources (source, dataset) values')) isAway = true;
      return isAway ? 'cut before' : 'pass';
    });
    const draining = bench.drain(source, {
      connect: () => connect({ url: proxy.url, job: 'test' }),
    });
    const retries = (): number => bench.events.filter(({ kind }) => kind === 'retrying').length;
    await expect.poll(retries, PATIENTLY).toBeGreaterThan(3);
    const [claim = ''] = await redis.keys('tierd:claim:*');
    expect(await redis.llen(claim)).toBe(ENTRIES);
    proxy.onStatement(() => 'pass');
    expect(await draining).toMatchObject({ rows: ENTRIES });
    await expectAllOnce();
  });

  it('of two at once is done by one', async () => {
    const source = await fill('stream');
    const results = await Promise.allSettled([bench.drain(source), bench.drain(source)]);
    const failed = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as object] : [],
    );
    for (const error of failed) expect(error).toMatchObject({ code: 'LEASE_HELD', exitCode: 5 });
    await expectAllOnce();
  });

  describe('of a stream', () => {
    it('takes over what a dead consumer had not acknowledged', async () => {
      const source = await fill('stream', { live: { claimIdleMs: 0 } });
      await redis.xgroup('CREATE', 'ticks:A', 'tierd', '0');
      await redis.xreadgroup('GROUP', 'tierd', 'dead', 'COUNT', 7, 'STREAMS', 'ticks:A', '>');
      expect(await bench.drain(source)).toMatchObject({ rows: ENTRIES });
      await expectAllOnce();
      expect((await redis.xpending('ticks:A', 'tierd'))[0]).toBe(0);
    });

    it("takes once what it has pending itself, and not as another consumer's again", async () => {
      const source = await fill('stream', { live: { claimIdleMs: 0 } });
      await redis.xgroup('CREATE', 'ticks:A', 'tierd', '0');
      await redis.xreadgroup('GROUP', 'tierd', 'tierd', 'COUNT', 4, 'STREAMS', 'ticks:A', '>');
      expect(await bench.drain(source)).toMatchObject({ rows: ENTRIES, repeated: 0 });
      await expectAllOnce();
    });

    it('knows again what is delivered again, in other portions and out of order', async () => {
      const source = await fill('stream');
      await bench.drain(source);
      await redis.xgroup('SETID', 'ticks:A', 'tierd', '5-0');
      await redis.xclaim('ticks:A', 'tierd', 'tierd', 0, '2-0', 'FORCE', 'JUSTID');
      await redis.xclaim('ticks:A', 'tierd', 'other', 0, '4-0', '1-0', 'FORCE', 'JUSTID');
      const again = {
        ...source,
        limits: { maxEntries: 7, maxBytes: 1e6 },
        live: { ...source.live, claimIdleMs: 0 },
      } as DrainSource;
      const totals = await bench.drain(again);
      expect(totals).toMatchObject({ rows: 0, deadLetters: 0 });
      expect(totals.repeated).toBeGreaterThanOrEqual(ENTRIES - 2);
      await expectAllOnce();
      expect((await redis.xpending('ticks:A', 'tierd'))[0]).toBe(0);
    });

    it('counts what was trimmed while it was pending as lost, once, and says so', async () => {
      const source = await fill('stream', { live: { claimIdleMs: 0 } });
      await redis.xgroup('CREATE', 'ticks:A', 'tierd', '0');
      await redis.xreadgroup('GROUP', 'tierd', 'dead', 'COUNT', 5, 'STREAMS', 'ticks:A', '>');
      await redis.xtrim('ticks:A', 'MINID', '4-0');
      expect(await bench.drain(source)).toMatchObject({ rows: ENTRIES - 3, lost: 3 });
      expect(bench.events).toContainEqual({
        kind: 'lost',
        source: 'ticks_source',
        key: 'ticks:A',
        count: 3,
      });
      expect(await bench.drain(source)).toMatchObject({ lost: 0 });
      expect(await recordOf()).toMatchObject({ lost: 3 });
    });

    it('does not call lost what was committed and trimmed before Redis was told', async () => {
      const source = await fill('stream', { live: { claimIdleMs: 0 } });
      const committed = async (): Promise<number> => {
        const { rows } = await database.query('select count(*)::int as n from ticks');
        return (rows as { n: number }[])[0]?.n ?? 0;
      };
      const deaf = bench.drain(source, {
        settings: { ...bench.rooms.settings, patienceMs: 0 },
        connectLive: async () => {
          const store = await bench.rooms.connectLive();
          const xack = async (): Promise<never> => {
            await expect.poll(committed, PATIENTLY).toBeGreaterThan(10);
            throw new Error('cut');
          };
          Object.assign(store.client, { xack });
          return store;
        },
      });
      await expect(deaf).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
      await redis.xtrim('ticks:A', 'MINID', '4-0');
      // The second batch was committed while Redis was told of the first.
      expect(await bench.drain(source)).toMatchObject({ lost: 0, rows: 5 });
      await expectAllOnce();
    });
  });
});
