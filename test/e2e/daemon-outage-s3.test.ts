/** A daemon whose lake is in a bucket that goes away, long before it would look there again by itself. */
import { expect, it, onTestFinished } from 'vitest';
import type { SurveyDocument } from '../../src/http/survey-schema.ts';
import { fillTicks, makeDaemon, PATIENCE, stopped, whenServing } from '../support/daemon.ts';
import { createTestDatabase } from '../support/database.ts';
import { openS3Proxy } from '../support/s3-proxy.ts';
import { startS3 } from '../support/s3-server.ts';
import { describeOn } from '../support/servers.ts';

const SECTIONS = `
schedules: { rotate: { every: 15s } }
storage: { lifecycle: { guards: { max_share: 1 } } }
server: { port: 0, survey_interval: 1s }`;

describeOn('s3', 'a daemon whose bucket goes away', () => {
  it('tells of it as soon as a job could not use the bucket, and when it is back', async () => {
    const server = await startS3();
    onTestFinished(() => server.remove());
    const proxy = await openS3Proxy(server.url);
    onTestFinished(() => proxy.close());
    const database = await createTestDatabase();
    await fillTicks(database, { dueDays: 1, rows: 10 });
    const scene = await makeDaemon(database, SECTIONS);
    scene.edit(
      /lake: .*/,
      `lake: { type: s3, bucket: ${server.bucket}, prefix: outage, endpoint: "${proxy.url}", region: ${server.region},
         access_key_id: "${server.accessKeyId}", secret_access_key: "${server.secretAccessKey}",
         work_directory: work, min_free: 0MB, retry_for: 0s }`,
    );
    expect(await scene.workspace.tierd('rotate')).toMatchObject({ exitCode: 0 });
    const daemon = scene.run();
    const page = await whenServing(daemon);
    const survey = async (): Promise<SurveyDocument | null> =>
      ((await (await fetch(`${page}/status`)).json()) as { survey: SurveyDocument | null }).survey;
    const problem = async (): Promise<string | null | undefined> => (await survey())?.cold.error;
    await expect.poll(problem, PATIENCE).toBeNull();
    proxy.judge(() => 'refuse');
    await expect.poll(problem, PATIENCE).toContain('SlowDown');
    proxy.judge(() => 'pass');
    await expect.poll(problem, PATIENCE).toBeNull();
    await stopped(daemon);
  });
});
