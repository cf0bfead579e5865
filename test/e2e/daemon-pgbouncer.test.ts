/** The daemon behind PgBouncer in transaction mode, with a way past it for what it must hold on to. */
import { afterEach, expect, it } from 'vitest';
import { fillTicks, makeDaemon, PATIENCE, said, stopped } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { describeOn } from '../support/servers.ts';

let bouncer: PgBouncer | null = null;

afterEach(async () => {
  await bouncer?.remove();
  bouncer = null;
});

describeOn('pgbouncer', 'behind PgBouncer', () => {
  it('one of two leads, rotations go through it, and without it the lead is kept and they are tried again', async () => {
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 2, rows: 30 });
    bouncer = await startPgBouncer(database.url);
    const scene = await makeDaemon(
      database,
      `storage: { lifecycle: { guards: { max_share: 1 } } }
log: { level: debug }
schedules: { rotate: { every: 1s, retries: 1, retry_delay: 200ms } }
daemon: { lease_ttl: 2s, circuit_failures: 2, circuit_rest: 2s }`,
    );
    scene.edit(
      `postgres: { url: "${database.url}"`,
      `postgres: { url: "${bouncer.url}", direct_url: "${database.url}", connect_timeout: 2s`,
    );
    const first = scene.run();
    await said(first, /leading: jobs/);
    const second = scene.run();
    await said(second, /standing by: \S+ leads/);
    await said(first, /rotate: done/);
    expect(await scene.hotRows('ticks')).toBe(30);
    expect(await bouncer.transactions()).toBeGreaterThan(10);

    await bouncer.stop();
    await said(first, /rotate: .*PostgreSQL.*; trying again in/);
    // Let through after its rest, it fails again, and rests again.
    await said(first, /rotate: failed 2 times in a row; its schedule rests until/);
    await said(first, /rotate: failed 3 times in a row; its schedule rests until/);
    await fillTicks(database, { dueDays: 2, rows: 30 });
    await bouncer.start();
    await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(60);
    await said(first, /rotate: is well again; its schedule goes on/);
    expect(first.stderr()).not.toContain('no longer leading');
    expect(second.stderr()).not.toContain('leading: jobs');

    first.child.kill('SIGKILL');
    await said(second, /leading: jobs/);
    await fillTicks(database, { dueDays: 1, rows: 30 });
    await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(90);
    await stopped(second);
  });
});
