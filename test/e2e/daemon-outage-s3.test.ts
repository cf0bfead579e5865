/** A daemon whose lake is in a bucket that goes away, long before it would look there again by itself. */
import { expect, it } from 'vitest';
import type { SurveyDocument } from '../../src/http/survey-schema.ts';
import { makeBucketDaemon } from '../support/bucket-daemon.ts';
import { PATIENCE, stopped, whenServing } from '../support/daemon.ts';
import { describeOn } from '../support/servers.ts';

const SECTIONS = `
schedules: { rotate: { every: 15s } }
storage: { lifecycle: { guards: { max_share: 1 } } }
server: { port: 0, survey_interval: 1s }`;

describeOn('s3', 'a daemon whose bucket goes away', () => {
  it('tells of it as soon as a job could not use the bucket, and when it is back', async () => {
    const { scene, proxy } = await makeBucketDaemon(SECTIONS, ', retry_for: 0s');
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
