/** How many lines of the log an outage takes: its begin and its end, however long it lasts. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type DaemonScene,
  fillTicks,
  makeDaemon,
  PATIENCE,
  pageOf,
  said,
  stopped,
} from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { openRedis } from '../support/live.ts';
import { databaseOn } from '../support/own-database.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';
import type { RunningTierd } from '../support/workspace.ts';

const SURVEYS = 6;

describeOn('redis', 'the log of a daemon', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let scene: DaemonScene;
  let daemon: RunningTierd;

  beforeEach(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    const database = await databaseOn(postgres);
    await fillTicks(database, { dueDays: 3, rows: 10 });
    scene = await makeDaemon(
      database,
      `
redis: { url: "${redis.url}", connect_timeout: 1s, command_timeout: 1s }
storage: { lifecycle: { guards: { max_share: 1 } } }
schedules: { rotate: { every: 1h } }
daemon: { lease_ttl: 2s }
server: { port: ${String(await freePort())}, survey_interval: 1s, control_token: ${randomBytes(16).toString('hex')} }
drain:
  interval: 200ms
  sources:
    lists: { kind: list, keys: "list:{symbol}", dataset: ticks, columns: { id: id, ts: ts }, types: { ts: time_ms } }
    others: { kind: list, keys: "other:{symbol}", dataset: ticks, columns: { id: id, ts: ts }, types: { ts: time_ms } }`,
    );
    daemon = scene.run();
    await said(daemon, /leading: jobs/);
    await drained(1);
  });
  afterEach(() => Promise.all([postgres.remove(), redis.remove()]));

  const survey = async () => {
    const response = await fetch(`${pageOf(daemon)}/status`);
    const { survey: found } = (await response.json()) as {
      readonly survey: {
        readonly taken_at: string;
        readonly hot: { readonly reachable: boolean };
        readonly live: { readonly reachable: boolean };
      } | null;
    };
    return found;
  };

  /** Puts an entry into each list and waits until both are rows. */
  async function drained(id: number): Promise<void> {
    const client = openRedis(redis.url);
    try {
      for (const list of ['list:A', 'other:A']) {
        await client.rpush(list, JSON.stringify({ id, ts: Date.now() }));
      }
    } finally {
      client.disconnect();
    }
    await expect
      .poll(() => scene.hotRows(`ticks where ts > now() - interval '1 hour'`), PATIENCE)
      .toBe(2 * id);
  }

  /** As many looks at a store that is away; each of the sources tries as well. */
  async function lookedAtAgainAndAgain(store: 'hot' | 'live'): Promise<void> {
    const seen = new Set<string>();
    await expect
      .poll(async () => {
        const found = await survey();
        if (found?.[store].reachable === false) seen.add(found.taken_at);
        return seen.size;
      }, PATIENCE)
      .toBeGreaterThan(SURVEYS);
  }

  const linesSince = (mark: number): readonly string[] =>
    daemon.stderr().slice(mark).split('\n').filter(Boolean);
  const about = (lines: readonly string[], text: RegExp): readonly string[] =>
    lines.filter((line) => text.test(line));

  it('has one line of a run for each dataset, and none of its slices and attempts', async () => {
    expect(await scene.workspace.tierd('jobs', 'run', 'rotate')).toMatchObject({ exitCode: 0 });
    await said(daemon, /rotate: done/);
    expect(about(linesSince(0), /rows? moved/)).toEqual([
      expect.stringMatching(/ info +ticks: 30 rows moved into .* of Parquet, 3 of 3 moves /),
    ]);
    await stopped(daemon);
    expect(about(linesSince(0), /info +(lists|others): 1 row in 1 batch/)).toHaveLength(2);
  });

  it('has two lines of an outage of Redis, whoever misses it and however often', async () => {
    const mark = daemon.stderr().length;
    await redis.stop('immediate');
    await lookedAtAgainAndAgain('live');
    await redis.start();
    await drained(2);
    await said(daemon, /Redis can be used again, after \d+ s/);
    await expect.poll(async () => (await survey())?.live.reachable, PATIENCE).toBe(true);
    expect(about(linesSince(mark), /./)).toEqual([
      expect.stringMatching(/ warn +Redis can't be used, and is tried until it can: /),
      expect.stringMatching(/ info +Redis can be used again, after \d+ s/),
    ]);
    await stopped(daemon);
  });

  it('has two lines of an outage of PostgreSQL, and one of each thing that comes of it', async () => {
    const mark = daemon.stderr().length;
    await postgres.stop('immediate');
    await lookedAtAgainAndAgain('hot');
    await postgres.start();
    await drained(2);
    await said(daemon, /PostgreSQL can be used again/);
    const lines = linesSince(mark);
    expect(about(lines, /PostgreSQL can't be used/)).toHaveLength(1);
    expect(about(lines, /PostgreSQL can be used again/)).toHaveLength(1);
    // However long it lasts, nothing is said twice.
    const texts = lines.map((line) => line.replace(/^\S+ /, '').replaceAll(/\d+/g, 'N'));
    expect(texts.filter((text, at) => texts.indexOf(text) !== at)).toEqual([]);
    expect(lines.join('\n')).not.toMatch(/=\d+\.\d{4,}/);
    await stopped(daemon);
  });
});
