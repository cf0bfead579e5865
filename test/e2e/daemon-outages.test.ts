/** Servers that go away for a while, under a daemon that drains and rotates, while others write. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { tally, type Verdict } from '../soak/tally.ts';
import {
  openClient,
  SOURCES,
  startWriters,
  TABLES,
  type Told,
  type Writer,
} from '../soak/writers.ts';
import { type DaemonScene, makeDaemon, PATIENCE, said, stopped } from '../support/daemon.ts';
import type { TestDatabase } from '../support/database.ts';
import { databaseOn } from '../support/own-database.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';
import { USUAL_SETTINGS } from '../support/usual-settings.ts';
import type { RunningTierd } from '../support/workspace.ts';

/** What fails again and again is tried later each time: up to half a minute by then. */
const LONG = { timeout: 90_000, interval: 200 };
const DATASETS = Object.keys(TABLES)
  .map((table) => `  ${table}: { time_column: ts }`)
  .join('\n');

/** Jobs every second, and limits so short that each of these outages lasts several of every one. */
const sections = (redisUrl: string): string => `
log: { level: debug }
redis: { url: "${redisUrl}", connect_timeout: 2s, command_timeout: 2s }
storage: { lifecycle: { guards: { max_share: 1 } } }
schedules: { rotate: { every: 1s, retries: 1, retry_delay: 500ms } }
daemon: { lease_ttl: 2s, circuit_failures: 2, circuit_rest: 3s }
drain:
  interval: 200ms
  sources: ${SOURCES}`;

describeOn('redis', 'away for a while', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let database: TestDatabase;
  let scene: DaemonScene;
  let daemon: RunningTierd;
  let writers: readonly Writer[] = [];

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([
      startPostgres({ settings: USUAL_SETTINGS }),
      startRedis(),
    ]);
  });
  afterAll(() => Promise.all([postgres.remove(), redis.remove()]));

  beforeEach(async () => {
    database = await databaseOn(postgres);
    for (const [table, columns] of Object.entries(TABLES)) {
      await database.query(`create table ${table} (${columns}); create index on ${table} (ts)`);
    }
    scene = await makeDaemon(database, sections(redis.url), DATASETS);
    writers = startWriters({ postgresUrl: database.url, redisUrl: redis.url, everyMs: 40 });
    daemon = scene.run();
    await said(daemon, /rows? moved/);
    await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBeGreaterThan(0);
  });
  afterEach(() => Promise.all(writers.map((writer) => writer.stop())));

  const confirmed = (): number => writers[0]?.told.confirmed.size ?? 0;
  const rotations = async (): Promise<number> =>
    (await scene.runs('rotate')).filter(({ finished }) => finished !== null).length;

  /** Everything that was confirmed until now is found, once. */
  async function expectAllFound(): Promise<void> {
    for (const { table, told } of writers) {
      const until = new Set(told.confirmed);
      await expect
        .poll(async () => {
          const { lost, doubled, invented } = await verdictOn(table, told);
          return { lost: lost.filter((n) => until.has(n)), doubled, invented };
        }, LONG)
        .toEqual({ lost: [], doubled: [], invented: [] });
    }
  }

  async function verdictOn(table: string, told: Told): Promise<Verdict> {
    const db = await openClient(database.url);
    try {
      return await tally(db, scene.workspace.lake, table, told);
    } finally {
      await db.end();
    }
  }

  it('Redis: the drain tries until it is back, the rotations go on, and nothing is lost', async () => {
    await redis.stop('immediate');
    // Later each time: the eighth comes after some fifteen seconds.
    await said(daemon, /streams: trying again in .*Redis.* attempt=8/i, LONG);
    const before = await rotations();
    await expect.poll(rotations, PATIENCE).toBeGreaterThan(before);
    await redis.start();
    await expectAllFound();
    await Promise.all(writers.map((writer) => writer.stop()));
    await expectAllFound();
    await stopped(daemon);
  });

  it('Redis goes silent: it is given up each time, and what it did unheard is found once', async () => {
    process.kill(redis.pid(), 'SIGSTOP');
    try {
      await said(daemon, /streams: trying again in .* attempt=4/i, LONG);
    } finally {
      process.kill(redis.pid(), 'SIGCONT');
    }
    await expectAllFound();
    await Promise.all(writers.map((writer) => writer.stop()));
    await expectAllFound();
    await stopped(daemon);
  });

  it('PostgreSQL: the backlog grows, and is gone when it is back', async () => {
    const waiting = confirmed();
    await postgres.stop('immediate');
    await said(daemon, /no longer leading/);
    await said(daemon, /standing by: .*PostgreSQL/);
    await expect.poll(confirmed, LONG).toBeGreaterThan(waiting + 300);
    expect(daemon.child.exitCode).toBeNull();
    await postgres.start();
    await expectAllFound();
    await Promise.all(writers.map((writer) => writer.stop()));
    await expectAllFound();
    const before = await rotations();
    await expect.poll(rotations, PATIENCE).toBeGreaterThan(before);
    await stopped(daemon);
  });
});
