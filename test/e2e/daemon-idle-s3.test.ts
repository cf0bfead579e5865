/** A daemon whose lake is in a bucket, while nothing is due. */
import { expect, it } from 'vitest';
import type { SurveyDocument } from '../../src/http/survey-schema.ts';
import { makeBucketDaemon } from '../support/bucket-daemon.ts';
import { PATIENCE, stopped, whenServing } from '../support/daemon.ts';
import { describeOn } from '../support/servers.ts';

const SECTIONS = `
schedules: { rotate: { cron: "0 0 29 2 *" } }
storage: { lifecycle: { guards: { max_share: 1 } } }
server: { port: 0, survey_interval: 1s }`;

/** So many surveys are looked at. */
const SURVEYS = 8;

describeOn('s3', 'a daemon that has nothing to do', () => {
  it('asks nothing of its bucket, and tells how the lake is', async () => {
    const { scene, proxy } = await makeBucketDaemon(SECTIONS);
    const daemon = scene.run();
    const page = await whenServing(daemon);
    const survey = async (): Promise<SurveyDocument | null> =>
      ((await (await fetch(`${page}/status`)).json()) as { survey: SurveyDocument | null }).survey;
    const isWell = async (): Promise<boolean> => (await survey())?.cold.error === null;
    await expect.poll(isWell, PATIENCE).toBe(true);

    const before = proxy.seen.length;
    const taken = new Set<unknown>();
    const another = async (): Promise<number> => {
      const document = await survey();
      taken.add(document?.taken_at);
      expect(document?.cold).toMatchObject({ error: null, free_bytes: expect.any(Number) });
      return taken.size;
    };
    await expect.poll(another, PATIENCE).toBeGreaterThanOrEqual(SURVEYS);
    const since = proxy.seen.slice(before);
    expect(since.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    await stopped(daemon);
  });
});
