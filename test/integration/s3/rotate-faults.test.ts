/** Rotations into a bucket whose requests fail, for a while or for good (I1, I2, I3, I4, I9). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TierdError } from '../../../src/domain/errors.ts';
import { listRuns } from '../../../src/ledger/runs.ts';
import type { S3Request, Verdict } from '../../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';
import {
  type BucketScene,
  DUE_ROWS,
  dueRows,
  expectConverged,
  expectNothingLost,
  expectNothingOverwritten,
  openBucketScene,
  rotate,
  versions,
} from './job-scene.ts';

const isSegment = ({ path }: S3Request): boolean => path.includes('/ticks/year');
const isPut = (asked: S3Request): boolean => asked.method === 'PUT' && isSegment(asked);
const isGet = (asked: S3Request): boolean => asked.method === 'GET' && isSegment(asked);

/** Random bytes of the 33rd day, of a segment that goes in parts. */
const makeLarge = `
  alter table ticks add body text;
  update ticks set body = (select string_agg(md5(ticks.id::text || n), '') from generate_series(1, 40000) n)
   where id between 1000 and 1019`;
const isPart = ({ method, path }: S3Request): boolean =>
  method === 'PUT' && path.includes('partNumber');
const isCreation = ({ method, path }: S3Request): boolean =>
  method === 'POST' && path.includes('uploads');
const isCompletion = ({ method, path }: S3Request): boolean =>
  method === 'POST' && path.includes('uploadId=');

describeOn('s3', 'a rotation into a bucket', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  /** The first `times` requests of the kind meet the verdict. */
  function first(scene: BucketScene, times: number, verdict: Verdict, kind = isSegment): void {
    let met = 0;
    scene.proxy.judge((asked) => {
      if (!kind(asked) || met >= times) return 'pass';
      met += 1;
      return verdict;
    });
  }

  /** From the first request of the kind on, which is left in peace, everything meets the verdict. */
  function after(scene: BucketScene, kind: (asked: S3Request) => boolean, verdict: Verdict): void {
    let hasBegun = false;
    scene.proxy.judge((asked) => {
      if (hasBegun) return verdict;
      hasBegun = kind(asked);
      return 'pass';
    });
  }

  async function failureOf(running: Promise<unknown>): Promise<TierdError> {
    const error = await running.then(
      () => new Error('nothing was thrown'),
      (thrown: unknown) => thrown,
    );
    if (error instanceof TierdError) return error;
    throw error;
  }

  async function expectUnharmed(scene: BucketScene, told: string): Promise<void> {
    expectNothingOverwritten(scene, told);
    await expectNothingLost(scene, told);
    const before = await versions(scene);
    await expectConverged(scene, told);
    const afterwards = await versions(scene);
    for (const [key, version] of before) expect(afterwards.get(key), told).toBe(version);
  }

  it.each(['internal-error', 'bad-gateway', 'refuse', 'cut-before', 'cut-after', 'stall'] as const)(
    'gets through a storm that ends (%s)',
    async (verdict) => {
      const scene = await openBucketScene(server);
      first(scene, 5, verdict);
      expect((await rotate(scene.rooms, scene.dataset)).totals.failed).toEqual([]);
      expect(await dueRows(scene)).toBe(0);
      expect(scene.proxy.seen.filter((seen) => seen.verdict === verdict)).toHaveLength(5);
      await expectUnharmed(scene, verdict);
    },
  );

  it.each(['cut-body', 'slow-body'] as const)(
    'reads back by answers that break, or trickle (%s)',
    async (verdict) => {
      const scene = await openBucketScene(server);
      first(scene, 3, verdict, isGet);
      expect((await rotate(scene.rooms, scene.dataset)).totals.failed).toEqual([]);
      expect(scene.proxy.seen.some((seen) => seen.verdict === verdict)).toBe(true);
      await expectUnharmed(scene, verdict);
    },
  );

  it('finds out what is shorter as it comes back, and deletes nothing', async () => {
    const scene = await openBucketScene(server);
    scene.proxy.judge((asked) => (isGet(asked) ? 'short-body' : 'pass'));
    const failure = await failureOf(rotate(scene.rooms, scene.dataset));
    expect(failure).toMatchObject({ code: 'VERIFY_MISMATCH', exitCode: 1 });
    expect(failure.hint).toBeDefined();
    expect(await dueRows(scene)).toBe(DUE_ROWS);
    await expectUnharmed(scene, 'short');
  });

  const MOMENTS = {
    'before anything is put': null,
    'once a segment is put': isPut,
    'while it is read back': isGet,
  } as const;
  type Moment = keyof typeof MOMENTS;
  const EVER = Object.keys(MOMENTS) as Moment[];
  /** Each try of what may pass takes its time; it is tried as often at each moment. */
  const ONCE = ['once a segment is put'] satisfies Moment[];
  const AWAY = { code: /^LAKE_UNREACHABLE$/, hint: /object store/ };
  const REFUSED = /^LAKE_UN(READABLE|WRITABLE)$/;
  const FOR_GOOD = [
    { verdict: 'internal-error', ...AWAY, moments: EVER },
    { verdict: 'refuse', ...AWAY, moments: ONCE },
    { verdict: 'cut-before', ...AWAY, moments: ONCE },
    { verdict: 'stall', ...AWAY, moments: ONCE },
    { verdict: 'expired', code: REFUSED, hint: /session token/, moments: EVER },
    { verdict: 'skewed', code: REFUSED, hint: /clock/, moments: EVER },
    { verdict: 'no-bucket', code: REFUSED, hint: /lake\.bucket/, moments: EVER },
  ] as const;

  it.each(FOR_GOOD.flatMap((way) => way.moments.map((moment) => ({ ...way, moment }))))(
    'that fails for good ($verdict) $moment deletes no row that is not proven, says why, and goes on with the next run',
    async ({ verdict, moment, code, hint }) => {
      const scene = await openBucketScene(server);
      const from = MOMENTS[moment];
      if (from === null) after(scene, () => true, verdict);
      else after(scene, from, verdict);
      const failure = await failureOf(rotate(scene.rooms, scene.dataset));
      expect(failure.code).toMatch(code);
      expect(failure.hint).toMatch(hint);
      expect(await dueRows(scene)).toBe(DUE_ROWS);
      const [run] = await listRuns(scene.client, { dataset: 'ticks', limit: 1 });
      if (run !== undefined) expect(run).toMatchObject({ state: 'failed' });
      await expectUnharmed(scene, `${verdict} ${moment}`);
    },
  );

  it('that is cut off between two segments keeps the first, and says so', async () => {
    const scene = await openBucketScene(server);
    let puts = 0;
    scene.proxy.judge((asked) => {
      if (isPut(asked)) puts += 1;
      return puts > 1 ? 'internal-error' : 'pass';
    });
    const failure = await failureOf(rotate(scene.rooms, scene.dataset));
    expect(failure).toMatchObject({ code: 'LAKE_UNREACHABLE', exitCode: 4 });
    expect(await dueRows(scene)).toBe(DUE_ROWS / 2);
    await expectUnharmed(scene, 'second');
  });

  /** Each verdict on each of them is tried where an object is published, without the job around it. */
  it.each([
    { what: 'the beginning of an upload', kind: isCreation, verdicts: ['cut-after', 'refuse'] },
    { what: 'a part', kind: isPart, verdicts: ['cut-after', 'stall'] },
    {
      what: 'the completion',
      kind: isCompletion,
      verdicts: ['cut-after', 'internal-error', 'error-in-200'],
    },
  ] as const)(
    'gets $what of a large segment through, whatever becomes of it once',
    async ({ kind, verdicts }) => {
      for (const verdict of verdicts) {
        const scene = await openBucketScene(server, (database) => database.query(makeLarge));
        first(scene, 1, verdict, kind);
        expect((await rotate(scene.rooms, scene.dataset)).totals.failed, verdict).toEqual([]);
        expect(scene.proxy.seen.filter((seen) => seen.verdict === verdict)).toHaveLength(1);
        await expectUnharmed(scene, verdict);
      }
    },
  );

  it.each([
    { verdict: 'internal-error', hint: /object store/ },
    { verdict: 'expired', hint: /session token/ },
    { verdict: 'no-bucket', hint: /lake\.bucket/ },
  ] as const)(
    'whose bucket fails for good ($verdict) in the middle of an upload leaves none once it has run again',
    async ({ verdict, hint }) => {
      const scene = await openBucketScene(server, (database) => database.query(makeLarge));
      after(scene, isPart, verdict);
      const failure = await failureOf(rotate(scene.rooms, scene.dataset));
      expect(failure.hint).toMatch(hint);
      expect((await scene.lake.api.listUploads('')).length).toBeGreaterThan(0);
      await expectUnharmed(scene, verdict);
    },
  );
});
