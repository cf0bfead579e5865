/** Scrubs, deletions and what removes old segments, of a bucket whose requests fail (I1, I3, I4). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scrub } from '../../../src/jobs/scrub.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { deleteFrom } from '../../support/delete.ts';
import { keysIn } from '../../support/lake-copy.ts';
import type { Verdict } from '../../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';
import { expectNothingLost, openBucketScene, rotate } from './job-scene.ts';

const WHOLE = {
  dataset: null,
  sample: null,
  prove: 'standard',
  onProgress: () => undefined,
} as const;

describeOn('s3', 'a lake in a bucket that fails', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  async function openCold() {
    const scene = await openBucketScene(server);
    await rotate(scene.rooms, scene.dataset);
    const noted = async () =>
      (
        await scene.database.query(
          `select (select count(*)::int from tierd.scrubs) as scrubs, (select count(*)::int from tierd.scrub_findings) as findings`,
        )
      ).rows[0] as { scrubs: number; findings: number };
    return { ...scene, noted };
  }

  it.each(['internal-error', 'expired', 'stall', 'no-bucket', 'skewed'] as const)(
    'is called damaged by no scrub (%s), which notes nothing',
    async (verdict: Verdict) => {
      const scene = await openCold();
      let gets = 0;
      scene.proxy.judge(({ method, path }) => {
        if (method === 'GET' && path.includes('/ticks/year')) gets += 1;
        return gets > 0 ? verdict : 'pass';
      });
      const result = await scrub(scene.rooms, WHOLE).catch((error: unknown) => error);
      if (result instanceof Error) expect(result).toMatchObject({ code: /^LAKE_/ });
      else
        expect(result).toMatchObject({ bytes: { ok: [], missing: [], altered: [] }, unproven: [] });
      expect(await scene.noted()).toEqual({ scrubs: 0, findings: 0 });
      scene.proxy.judge(() => 'pass');
      expect(await scrub(scene.rooms, WHOLE)).toMatchObject({ provenSlices: 2, unproven: [] });
    },
  );

  it.each(['cut-body', 'slow-body', 'refuse', 'cut-after'] as const)(
    'for a moment (%s) is scrubbed all the same',
    async (verdict) => {
      const scene = await openCold();
      let met = 0;
      scene.proxy.judge(() => {
        met += 1;
        return met % 3 === 0 ? verdict : 'pass';
      });
      expect(await scrub(scene.rooms, WHOLE)).toMatchObject({ provenSlices: 2, unproven: [] });
    },
  );

  it.each(['internal-error', 'expired', 'no-bucket', 'cut-after'] as const)(
    'while old segments are removed (%s) keeps what is live, and loses the old ones with the next run',
    async (verdict) => {
      const scene = await openCold();
      await deleteFrom({ rooms: scene.rooms }, scene.dataset, 'id = 7');
      scene.truth.delete('7');
      scene.proxy.judge(({ method }) => (method === 'DELETE' ? verdict : 'pass'));
      await rotate(scene.rooms, scene.dataset).catch((error: unknown) => {
        expect(error).toMatchObject({ code: /^LAKE_/ });
      });
      await expectNothingLost(scene, verdict);
      scene.proxy.judge(() => 'pass');
      await rotate(scene.rooms, scene.dataset);
      await expectNothingLost(scene, verdict);
      const live = await listSegments(scene.client, { states: ['live'] });
      expect(await keysIn(scene.lake.store)).toEqual(live.map(({ key }) => key).sort());
    },
  );
});
