/** The drain as the daemon's job: one process that goes on, and begins anew when it is gone. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { jobPidOf, makeDaemon, PATIENCE, said } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { openRedis } from '../support/live.ts';
import { identityOf, isAlive } from '../support/process-identity.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeOn } from '../support/servers.ts';

const CONTROL = randomBytes(16).toString('hex');

describeOn('redis', 'the drain under the daemon', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.remove());

  it('follows the live store in one process; killed, it goes on in another, and nothing is lost', async () => {
    const database = await createTestDatabase();
    await database.query('create table ticks (symbol text, ts timestamptz, price numeric)');
    const redis = openRedis(server.url);
    const scene = await makeDaemon(
      database,
      `redis: { url: "${server.url}" }
schedules: { rotate: { cron: "0 0 29 2 *" } }
daemon: { lease_ttl: 2s }
server: { port: 0, control_token: ${CONTROL} }
drain:
  interval: 100ms
  sources:
    streams: { kind: stream, keys: "stream:{symbol}", dataset: ticks, columns: { symbol: "{symbol}", ts: $time, price: price } }`,
    );
    const add = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) await redis.xadd('stream:A', '*', 'price', String(n));
    };
    try {
      await add(3);
      const daemon = scene.run();
      await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(3);
      await add(3);
      await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(6);
      expect(await scene.runs()).toMatchObject([{ job: 'drain', cause: 'loop', state: 'running' }]);

      const job = jobPidOf(daemon) ?? 0;
      expect(job).toBeGreaterThan(0);
      process.kill(job, 'SIGKILL');
      await add(3);
      await said(daemon, /drain: crashed after/);
      await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(9);
      expect((await scene.runs()).map(({ state }) => state)).toContain('crashed');

      const last = identityOf(jobPidOf(daemon) ?? 0);
      daemon.child.kill('SIGTERM');
      expect(await daemon.ended).toBe(0);
      expect(isAlive(last)).toBe(false);
      expect((await scene.runs()).filter(({ state }) => state === 'running')).toEqual([]);
      expect(await scene.hotRows('ticks')).toBe(9);
    } finally {
      redis.disconnect();
    }
  });
});
