/** Datasets that are spread over several daemons on one database. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fillTicks, makeDaemon, PATIENCE, said, stopped } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';

const DATASETS = `  ticks: { time_column: ts, owner: first }
  news: { time_column: ts, owner: second }`;

it('each daemon leads for its own, rotates its own, and leaves those of one that is gone alone', async () => {
  const database = await createTestDatabase();
  for (const table of ['ticks', 'news']) {
    await fillTicks(database, { dueDays: 1, rows: 20, table });
  }
  const scene = await makeDaemon(
    database,
    `storage: { lifecycle: { guards: { max_share: 1 } } }
schedules: { rotate: { every: 1s } }
daemon: { owner: first, lease_ttl: 2s }`,
    DATASETS,
  );
  const other = join(scene.workspace.directory, 'second.yaml');
  copyFileSync(scene.workspace.config, other);
  writeFileSync(
    other,
    readFileSync(other, 'utf8').replace('daemon: { owner: first', 'daemon: { owner: second'),
  );
  const rowsMoved = async (holder: string): Promise<readonly string[]> => {
    const { rows } = await database.query(
      `select distinct dataset from tierd.leases where holder like $1 order by 1`,
      [`%${holder}%`],
    );
    return (rows as { dataset: string }[]).map(({ dataset }) => dataset);
  };

  const first = scene.run();
  const second = scene.run({}, ['--config', other]);
  await said(first, /leading: jobs/);
  await said(second, /leading: jobs/);
  await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(20);
  await expect.poll(() => scene.hotRows('news'), PATIENCE).toBe(20);
  expect(await rowsMoved(`:${String(first.child.pid)}:`)).toEqual(['daemon:first']);
  expect(await rowsMoved(`:${String(second.child.pid)}:`)).toEqual(['daemon:second']);

  second.child.kill('SIGKILL');
  await second.ended;
  for (const table of ['ticks', 'news']) {
    await fillTicks(database, { dueDays: 1, rows: 20, table });
  }
  await expect.poll(() => scene.hotRows('ticks'), PATIENCE).toBe(40);
  const owners = async (): Promise<number> =>
    (await scene.runs()).filter(({ state }) => state === 'done').length;
  const before = await owners();
  await expect.poll(owners, PATIENCE).toBeGreaterThan(before + 1);
  expect(await scene.hotRows('news')).toBe(60);

  const heir = scene.run({}, ['--config', other]);
  await expect.poll(() => scene.hotRows('news'), PATIENCE).toBe(40);
  await stopped(first);
  await stopped(heir);
});
