/** `tierd jobs list` shows what the daemon goes by, and says where the file is another. */
import { expect, it } from 'vitest';
import { fillTicks, makeDaemon, PATIENCE, pageOf, said, stopped } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';

interface Listed {
  readonly shown: 'daemon' | 'file';
  readonly reload_error: string | null;
  readonly differences: readonly string[];
  readonly jobs: readonly {
    readonly job: string;
    readonly schedule: string;
    readonly next: string;
  }[];
}

it('is of the daemon that runs, after a refused reload, before a reload, and of the file without one', async () => {
  const database = await createTestDatabase();
  await fillTicks(database, { dueDays: 0, rows: 10 });
  const port = await freePort();
  const scene = await makeDaemon(
    database,
    `
schedules: { rotate: { cron: "0 0 29 2 *" } }
daemon: { lease_ttl: 4s }
server: { port: ${String(port)} }`,
  );
  const { tierd } = scene.workspace;
  const list = async () => (await tierd('jobs', 'list')).stdout;
  const listed = async () => JSON.parse((await tierd('jobs', 'list', '--json')).stdout) as Listed;
  const daemon = scene.run();
  await said(daemon, /leading/);
  await expect.poll(async () => (await listed()).shown, PATIENCE).toBe('daemon');
  expect(await list()).toMatch(/as \S+ runs them, by \S+unified_config.yaml as read /);
  expect(await listed()).toMatchObject({ reload_error: null, differences: [] });

  // The new file is sound by itself, and the daemon can't take it up while it runs.
  scene.edit('0 0 29 2 *', '0 3 * * *');
  scene.edit('lease_ttl: 4s', 'lease_ttl: 5s');
  const difference = 'rotate has the schedule 0 3 * * * UTC in the file';
  expect(await listed()).toMatchObject({ reload_error: null, differences: [difference] });
  expect(await list()).toContain('the file is another by now, and holds once it is reloaded');
  daemon.child.kill('SIGHUP');
  await said(daemon, /the configuration stays as it was/);
  const refused = await list();
  expect(refused).toMatch(/rotate +0 0 29 2 \* UTC/);
  expect(refused).not.toMatch(/rotate +0 3/);
  expect(refused).toMatch(
    /a later reload of the file was refused, and nothing of it holds: .*lease_ttl/,
  );
  const { jobs, ...facts } = await listed();
  expect(facts).toMatchObject({ shown: 'daemon', differences: [difference] });
  const told = (await (await fetch(`${pageOf(daemon)}/status`)).json()) as {
    readonly jobs: readonly { readonly next_at: string }[];
  };
  expect(jobs[0]?.next).toBe(told.jobs[0]?.next_at);

  await stopped(daemon);
  expect(await listed()).toMatchObject({
    shown: 'file',
    jobs: [{ job: 'rotate', schedule: '0 3 * * * UTC' }],
  });
  expect(await list()).toMatch(/as \S+ has them, for no daemon was asked: no daemon answers at/);
});
