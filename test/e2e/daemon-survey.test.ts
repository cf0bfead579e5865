/** What the daemon tells of the stores while they come and go. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import type { SurveyDocument } from '../../src/http/survey-schema.ts';
import { fillTicks, makeDaemon, PATIENCE, said } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { openRedis } from '../support/live.ts';
import { databaseOn } from '../support/own-database.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';

const NEVER = 'schedules: { rotate: { cron: "0 0 29 2 *" }, drain: { enabled: false } }';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

async function ask<Body>(url: string): Promise<Answer<Body>> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as Body };
}

describeOn('redis', 'the daemon’s survey', () => {
  it('tells what the stores hold, that one is away and its last figures, and that it is back', async () => {
    const postgres = await startPostgres();
    const redisServer = await startRedis();
    const redis = openRedis(redisServer.url);
    try {
      const database = await databaseOn(postgres);
      await fillTicks(database, { dueDays: 2, rows: 10 });
      await redis.rpush('list:A', '{}', '{}');
      const port = await freePort();
      const scene = await makeDaemon(
        database,
        `${NEVER}
redis: { url: "${redisServer.url}", connect_timeout: 1s, command_timeout: 1s }
daemon: { lease_ttl: 2s }
server: { port: ${String(port)}, survey_interval: 1s }
drain:
  sources:
    lists: { kind: list, keys: "list:{symbol}", dataset: ticks, columns: { id: id, ts: ts }, types: { ts: time_ms } }`,
      );
      const url = `http://127.0.0.1:${String(port)}`;
      const survey = async () =>
        (await ask<{ survey: SurveyDocument | null }>(`${url}/status`)).body.survey;
      const ready = async () => ask<{ ready: boolean; missing: string[] }>(`${url}/readyz`);
      const daemon = scene.run();
      await said(daemon, /the status page is at/);
      await expect.poll(async () => (await ready()).status, PATIENCE).toBe(200);
      expect((await survey())?.error).toBeNull();
      expect(await survey()).toMatchObject({
        hot: { reachable: true },
        live: { reachable: true, servers: [{ keys: 1 }] },
        datasets: [
          { dataset: 'ticks', hot: { rows: 30 }, due: { rows: 20, moves: 2 }, cold: { rows: 0 } },
        ],
        sources: [{ source: 'lists', backlog_entries: 2 }],
      });

      await postgres.stop('fast');
      await expect.poll(async () => (await survey())?.error, PATIENCE).toContain('PostgreSQL');
      expect(await survey()).toMatchObject({
        hot: { reachable: false },
        live: { reachable: true },
        datasets: [{ hot: { rows: 30 } }],
      });
      const away = await ready();
      expect(away.status).toBe(503);
      expect(away.body.missing.join('\n')).toContain('PostgreSQL: connecting');
      expect((await ask(`${url}/healthz`)).status).toBe(200);
      expect((await ask(`${url}/v1/flow`)).status).toBe(503);
      await postgres.start();
      await expect.poll(async () => (await ready()).status, PATIENCE).toBe(200);
      expect((await survey())?.error).toBeNull();

      await redisServer.stop();
      await expect
        .poll(async () => (await ready()).body.missing.join(), PATIENCE)
        .toMatch(/^Redis/);
      expect(await survey()).toMatchObject({
        hot: { reachable: true },
        live: { reachable: false },
      });
      await redisServer.start();
      await expect.poll(async () => (await ready()).status, PATIENCE).toBe(200);
    } finally {
      redis.disconnect();
      await redisServer.remove();
      await postgres.remove();
    }
  });

  it('gives up a PostgreSQL that has gone silent, and answers all the while', async () => {
    const postgres = await startPostgres();
    try {
      const database = await databaseOn(postgres);
      await fillTicks(database, { dueDays: 0, rows: 10 });
      const port = await freePort();
      const scene = await makeDaemon(
        database,
        `${NEVER}\nserver: { port: ${String(port)}, survey_interval: 1s }`,
      );
      scene.edit('lock_timeout: 3s', 'lock_timeout: 3s, connect_timeout: 1s');
      const url = `http://127.0.0.1:${String(port)}`;
      const daemon = scene.run();
      await said(daemon, /the status page is at/);
      await expect.poll(async () => (await ask(`${url}/readyz`)).status, PATIENCE).toBe(200);
      process.kill(postgres.pid(), 'SIGSTOP');
      try {
        await expect
          .poll(async () => (await ask(`${url}/readyz`)).status, { ...PATIENCE, timeout: 60_000 })
          .toBe(503);
        expect((await ask(`${url}/status`)).status).toBe(200);
      } finally {
        process.kill(postgres.pid(), 'SIGCONT');
      }
      await expect.poll(async () => (await ask(`${url}/readyz`)).status, PATIENCE).toBe(200);
    } finally {
      await postgres.remove();
    }
  });

  it('goes with a rotation from hot to cold, and leaves no connection or file open', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 2, rows: 10 });
    const port = await freePort();
    const scene = await makeDaemon(
      database,
      `${NEVER}
storage: { lifecycle: { guards: { max_share: 1 } } }
server: { port: ${String(port)}, survey_interval: 1s }`,
    );
    const url = `http://127.0.0.1:${String(port)}`;
    const daemon = scene.run();
    await said(daemon, /the status page is at/);
    await expect.poll(async () => (await ask(`${url}/readyz`)).status, PATIENCE).toBe(200);
    const openFiles = (): number => readdirSync(`/proc/${String(daemon.child.pid)}/fd`).length;
    const taken = async () =>
      (await ask<{ survey: SurveyDocument }>(`${url}/status`)).body.survey.taken_at;
    const before = openFiles();
    expect(await scene.workspace.tierd('rotate')).toMatchObject({ exitCode: 0 });
    await expect
      .poll(
        async () => (await ask<{ survey: SurveyDocument }>(`${url}/status`)).body.survey,
        PATIENCE,
      )
      .toMatchObject({
        datasets: [{ hot: { rows: 10 }, cold: { rows: 20, segments: 2 }, due: { rows: 0 } }],
      });
    const calendar = await ask<{ days: { state: string; cold_rows: number }[] }>(
      `${url}/v1/calendar?dataset=ticks`,
    );
    expect(calendar.status).toBe(200);
    const cold = calendar.body.days.filter(({ state }) => state === 'cold');
    expect(cold.map((day) => day.cold_rows)).toEqual([10, 10]);
    const flow = await ask<{ moved: { rows: number }[] }>(`${url}/v1/flow?hours=1`);
    expect(flow.body.moved.reduce((sum, { rows }) => sum + rows, 0)).toBe(20);

    const asked = await scene.workspace.tierd('status', '--daemon');
    expect(asked).toMatchObject({ exitCode: 0 });
    expect(asked.stdout).toMatch(/As the daemon saw it .*\n\nDATASET[^]*ticks +10 /);
    const document = await scene.workspace.tierd('status', '--daemon', '--json');
    expect(JSON.parse(document.stdout)).toMatchObject({
      datasets: [{ dataset: 'ticks', hot: { rows: 10 }, cold: { rows: 20 } }],
    });

    const seen = new Set<string | null>();
    await expect.poll(async () => seen.add(await taken()).size, PATIENCE).toBeGreaterThan(5);
    await expect.poll(openFiles, PATIENCE).toBeLessThanOrEqual(before + 1);
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    const gone = await scene.workspace.tierd('status', '--daemon');
    expect(gone).toMatchObject({ exitCode: 1 });
    expect(gone.stderr).toContain('No daemon answers');
  });
});
