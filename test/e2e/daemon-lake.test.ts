/** The lake goes away under a running daemon and comes back: told once, by every way of asking. */
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SurveyDocument } from '../../src/http/survey-schema.ts';
import {
  type DaemonScene,
  fillTicks,
  makeDaemon,
  PATIENCE,
  stopped,
  whenServing,
} from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { openS3Proxy } from '../support/s3-proxy.ts';
import { startS3 } from '../support/s3-server.ts';
import { describeOn } from '../support/servers.ts';

const SECTIONS = `
storage: { lifecycle: { guards: { max_share: 1 } } }
schedules: { rotate: { cron: "0 0 29 2 *" } }
daemon: { lease_ttl: 4s }
server: { port: 0, survey_interval: 1s }
alerts:
  settle: 0s
  commands: { pager: { command: 'cat >> told; echo "$TIERD_ALERT_EVENT $TIERD_ALERT_ID" >> pages' } }`;

/** A daemon whose lake holds a day, and whose table has another that is due. */
async function makeScene(lake?: string): Promise<DaemonScene> {
  const database = await createTestDatabase();
  await fillTicks(database, { dueDays: 1, rows: 10 });
  const scene = await makeDaemon(database, SECTIONS);
  if (lake !== undefined) scene.edit(/lake: .*/, `lake: ${lake}`);
  expect(await scene.workspace.tierd('rotate')).toMatchObject({ exitCode: 0 });
  await fillTicks(database, { dueDays: 1, rows: 10 });
  return scene;
}

/** Takes the lake away and brings it back, and asks about it each time. */
async function expectToldOnce(
  scene: DaemonScene,
  away: () => void,
  back: () => void,
  reason: string,
): Promise<void> {
  const { directory, tierd } = scene.workspace;
  const read = (name: string): string => {
    const file = join(directory, name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  };
  const pages = (): readonly string[] => read('pages').split('\n');
  const daemon = scene.run();
  const page = await whenServing(daemon);
  const ready = async (): Promise<{ ready: boolean; missing: readonly string[] }> =>
    (await (await fetch(`${page}/readyz`)).json()) as never;
  const survey = async (): Promise<SurveyDocument> =>
    ((await (await fetch(`${page}/status`)).json()) as { survey: SurveyDocument }).survey;
  await expect.poll(async () => (await ready()).ready, PATIENCE).toBe(true);
  expect((await survey()).cold).toMatchObject({ error: null, free_bytes: expect.any(Number) });

  away();
  await expect.poll(async () => (await ready()).ready, PATIENCE).toBe(false);
  expect((await ready()).missing.join()).toMatch(new RegExp(`^the lake: .*${reason}`));
  expect((await survey()).cold).toMatchObject({
    free_bytes: null,
    error: expect.stringContaining(reason),
  });
  await expect.poll(pages, PATIENCE).toEqual(['firing store_unreachable:lake']);
  expect(read('told')).toMatch(reason);
  const metrics = await (await fetch(`${page}/metrics`)).text();
  expect(metrics).toMatch(/^tierd_lake_up 0$/m);
  expect(metrics).not.toMatch(/^tierd_lake_free_bytes/m);
  const status = await tierd('status');
  expect(status.stdout).not.toMatch(/ free\n/);
  expect(status.stdout).toContain(reason);
  expect(status.exitCode).toBe(4);

  back();
  await expect.poll(async () => (await ready()).ready, PATIENCE).toBe(true);
  await expect
    .poll(pages, PATIENCE)
    .toEqual(['firing store_unreachable:lake', 'recovered store_unreachable:lake']);
  expect((await survey()).cold).toMatchObject({ error: null, free_bytes: expect.any(Number) });
  await stopped(daemon);
  expect(daemon.stderr().match(/the lake can't be used/g)).toHaveLength(1);
  expect(daemon.stderr().match(/the lake can be used again/g)).toHaveLength(1);
  // The next run finds all as it was.
  expect(await tierd('rotate')).toMatchObject({ exitCode: 0 });
}

describe('a lake on a disk', () => {
  it('whose folder is away is told, not measured, and used again by itself', async () => {
    const scene = await makeScene();
    const { lake } = scene.workspace;
    await expectToldOnce(
      scene,
      () => renameSync(lake, `${lake}.away`),
      () => renameSync(`${lake}.away`, lake),
      'has no _tierd_lake.json',
    );
  });
});

describeOn('s3', 'a lake in a bucket', () => {
  it('whose endpoint is dead is told, and used again by itself', async () => {
    const server = await startS3();
    onTestFinished(() => server.remove());
    const proxy = await openS3Proxy(server.url);
    onTestFinished(() => proxy.close());
    const scene = await makeScene(
      `{ type: s3, bucket: ${server.bucket}, endpoint: "${proxy.url}", region: ${server.region},
         access_key_id: "${server.accessKeyId}", secret_access_key: "${server.secretAccessKey}",
         work_directory: work, min_free: 0MB, connect_timeout: 1s, request_timeout: 2s, retry_for: 0s, look_interval: 0s }`,
    );
    await expectToldOnce(
      scene,
      () => proxy.judge(() => 'cut-before'),
      () => proxy.judge(() => 'pass'),
      's3://lake',
    );
  });
});
