/** What becomes of an object whose request, or whose answer, is lost on the way (I3, I4, I9). */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { checksumOf } from '../../../src/lake/checksum.ts';
import { ensureLakeMarker } from '../../../src/lake/marker.ts';
import { makeS3Lake, type S3Lake } from '../../support/s3-lake.ts';
import { openS3Proxy, type S3Proxy, type S3Request, type Verdict } from '../../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

const KEY = 'ticks/year=2024/month=01/day=15/ticks_20240115-0123456789ab.parquet';
const SMALL = 100_000;
/** Three parts. */
const LARGE = 20_000_000;

const isPut = ({ method, path }: S3Request): boolean =>
  method === 'PUT' && path.includes('ticks_') && !path.includes('partNumber');
const isPart = ({ method, path }: S3Request): boolean =>
  method === 'PUT' && path.includes('partNumber');
const isCreation = ({ method, path }: S3Request): boolean =>
  method === 'POST' && path.includes('uploads');
const isCompletion = ({ method, path }: S3Request): boolean =>
  method === 'POST' && path.includes('uploadId=');
const isGet = ({ method, path }: S3Request): boolean => method === 'GET' && path.includes('ticks_');

describeOn('s3', 'an object of a lake in a bucket', () => {
  let server: S3Server;
  let proxy: S3Proxy;
  let lake: S3Lake;

  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    proxy = await openS3Proxy(server.url);
    lake = await makeS3Lake(server, { endpoint: proxy.url, requestTimeoutMs: 1_000 });
    await ensureLakeMarker(lake.store, 'lake-1');
  });
  afterEach(async () => {
    await lake.destroy();
    await proxy.close();
  });

  async function stage(bytes: number) {
    const body = randomBytes(bytes);
    const path = join(lake.store.stagingRoot, randomUUID(), 'part-0.parquet');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, body);
    return { path, facts: { bytes, sha256: createHash('sha256').update(body).digest('hex') } };
  }

  /** The first request of the kind meets `verdict`, all others pass. */
  function once(kind: (asked: S3Request) => boolean, verdict: Verdict): void {
    let isDone = false;
    proxy.judge((asked) => {
      if (isDone || !kind(asked)) return 'pass';
      isDone = true;
      return verdict;
    });
  }

  const stored = async () => checksumOf(lake.store.read(KEY));

  it.each([
    { what: 'its only request', bytes: SMALL, kind: isPut },
    { what: 'the beginning of its upload', bytes: LARGE, kind: isCreation },
    { what: 'a part of it', bytes: LARGE, kind: isPart },
    { what: 'its completion', bytes: LARGE, kind: isCompletion },
  ])(
    'is published once, whatever becomes of $what (I4, I9)',
    async ({ bytes, kind }) => {
      for (const verdict of ['cut-before', 'cut-after', 'stall', 'refuse'] as const) {
        await lake.store.remove(KEY);
        const { path, facts } = await stage(bytes);
        once(kind, verdict);
        await lake.store.putIfAbsent(KEY, path, facts);
        expect(await stored(), verdict).toEqual(facts);
        expect(
          proxy.seen.some((asked) => asked.verdict === verdict),
          verdict,
        ).toBe(true);
        expect(await lake.api.listUploads(''), verdict).toEqual([]);
      }
    },
    60_000,
  );

  it.each([
    ['in one request', SMALL, isPut],
    ['in parts', LARGE, isPart],
  ])(
    '%s is sent with checksums: a bucket with a default retention of Object Lock takes none without',
    async (_, bytes, kind) => {
      const { path, facts } = await stage(bytes);
      await lake.store.putIfAbsent(KEY, path, facts);
      const sent = proxy.seen.filter(kind);
      expect(sent).not.toEqual([]);
      for (const { headers } of sent) {
        expect(headers['x-amz-checksum-sha256']).toMatch(/^[A-Za-z0-9+/]{43}=$/);
      }
    },
  );

  it('is never replaced by another when the answer to the first was lost (I3, I9)', async () => {
    const first = await stage(SMALL);
    const second = await stage(SMALL);
    once(isPut, 'cut-after');
    await lake.store.putIfAbsent(KEY, first.path, first.facts);
    await expect(lake.store.putIfAbsent(KEY, second.path, second.facts)).rejects.toMatchObject({
      code: 'OBJECT_CONFLICT',
    });
    expect(await stored()).toEqual(first.facts);
  });

  it('that was published while the store refuses all looks is unknown, and adopted later (I9)', async () => {
    const { path, facts } = await stage(SMALL);
    let isSent = false;
    proxy.judge((asked) => {
      if (isSent) return 'refuse';
      isSent = isPut(asked);
      return isSent ? 'cut-after' : 'pass';
    });
    await expect(lake.store.putIfAbsent(KEY, path, facts)).rejects.toMatchObject({
      code: 'LAKE_UNREACHABLE',
    });
    proxy.judge(() => 'pass');
    expect(await lake.store.putIfAbsent(KEY, path, facts)).toBe('already-there');
  }, 60_000);

  it('whose upload was killed leaves nothing once its key is swept (I4)', async () => {
    await lake.api.createUpload(KEY);
    await lake.api.createUpload(`${KEY}x`);
    expect(await lake.store.remove(KEY)).toBe(true);
    expect((await lake.api.listUploads('')).map(({ key }) => key)).toEqual([`${KEY}x`]);
    expect(await lake.store.remove(KEY)).toBe(false);
  });

  it('is read whole though its connection breaks in the middle', async () => {
    const { path, facts } = await stage(SMALL);
    await lake.store.putIfAbsent(KEY, path, facts);
    once(isGet, 'cut-body');
    expect(await stored()).toEqual(facts);
    expect(proxy.seen.filter(isGet).length).toBeGreaterThan(1);
  });

  it('is not sent when its file is not what was measured, and leaves no upload', async () => {
    const { path, facts } = await stage(LARGE);
    const body = randomBytes(LARGE);
    await writeFile(path, body);
    await expect(lake.store.putIfAbsent(KEY, path, facts)).rejects.toMatchObject({
      code: 'STAGED_FILE_CHANGED',
    });
    expect(await lake.store.stat(KEY)).toBeNull();
    expect(await lake.api.listUploads('')).toEqual([]);
  });
});
