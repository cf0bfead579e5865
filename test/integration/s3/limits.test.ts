/** What a lake in a bucket asks of its store in a second, and sends and fetches. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { S3Limits } from '../../../src/domain/lake/s3-target.ts';
import { checksumOf } from '../../../src/lake/checksum.ts';
import { ensureLakeMarker } from '../../../src/lake/marker.ts';
import { makeS3Lake, type S3Lake } from '../../support/s3-lake.ts';
import { openS3Proxy, type S3Proxy } from '../../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

const KEY = 'ticks/year=2024/month=01/day=15/ticks_20240115-0123456789ab.parquet';
/** What an allowance makes up for. */
const EARLY_MS = 101;
const UNLIMITED: S3Limits = {
  requestsPerSecond: 0,
  uploadBytesPerSecond: 0,
  downloadBytesPerSecond: 0,
};

describeOn('s3', 'a lake in a bucket with limits', () => {
  let server: S3Server;
  let proxy: S3Proxy;
  const lakes: S3Lake[] = [];

  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    proxy = await openS3Proxy(server.url);
  });
  afterEach(async () => {
    for (const lake of lakes.splice(0)) await lake.destroy();
    await proxy.close();
  });

  async function open(limits: Partial<S3Limits>): Promise<S3Lake> {
    const lake = await makeS3Lake(server, {
      endpoint: proxy.url,
      requestTimeoutMs: 1_000,
      limits: { ...UNLIMITED, ...limits },
    });
    lakes.push(lake);
    await ensureLakeMarker(lake.store, 'lake-1');
    return lake;
  }

  async function stage(lake: S3Lake, bytes: number) {
    const body = randomBytes(bytes);
    const path = join(lake.store.stagingRoot, randomUUID(), 'part-0.parquet');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, body);
    return { path, facts: { bytes, sha256: createHash('sha256').update(body).digest('hex') } };
  }

  async function takesMs(work: () => Promise<unknown>): Promise<number> {
    const from = performance.now();
    await work();
    return performance.now() - from;
  }

  it('asks no more often than it may, however many ask at once', async () => {
    const lake = await open({ requestsPerSecond: 20 });
    const before = proxy.seen.length;
    const from = performance.now();
    await Promise.all(Array.from({ length: 12 }, () => lake.store.stat(KEY)));
    const times = proxy.seen.slice(before).map(({ atMs }) => atMs);
    expect(times).toHaveLength(12);
    expect((times.at(-1) ?? 0) - from).toBeGreaterThanOrEqual(11 * 50 - EARLY_MS);
  });

  it('counts what is asked again after SlowDown', async () => {
    const lake = await open({ requestsPerSecond: 20 });
    let refused = 0;
    proxy.judge(() => {
      refused += 1;
      return refused <= 6 ? 'refuse' : 'pass';
    });
    const before = proxy.seen.length;
    const from = performance.now();
    await Promise.all(Array.from({ length: 6 }, () => lake.store.stat(KEY)));
    const times = proxy.seen.slice(before).map(({ atMs }) => atMs);
    expect(times).toHaveLength(12);
    expect((times.at(-1) ?? 0) - from).toBeGreaterThanOrEqual(11 * 50 - EARLY_MS);
  });

  it('sends no faster than it may, and takes no part for lost that takes longer than an answer may', async () => {
    const lake = await open({ uploadBytesPerSecond: 4_000_000 });
    const { path, facts } = await stage(lake, 12_000_000);
    const took = await takesMs(() => lake.store.putIfAbsent(KEY, path, facts));
    expect(took).toBeGreaterThanOrEqual(2_900 - EARLY_MS);
    expect(await checksumOf(lake.store.read(KEY))).toEqual(facts);
    const parts = proxy.seen.filter(({ path: asked }) => asked.includes('partNumber'));
    expect(parts).toHaveLength(2);
  });

  it('fetches no faster than it may', async () => {
    const lake = await open({ downloadBytesPerSecond: 1_000_000 });
    const { path, facts } = await stage(lake, 1_000_000);
    await lake.store.putIfAbsent(KEY, path, facts);
    const took = await takesMs(async () => {
      expect(await checksumOf(lake.store.read(KEY))).toEqual(facts);
    });
    expect(took).toBeGreaterThanOrEqual(800 - EARLY_MS);
  });

  it('lets nobody wait who is to stop', async () => {
    const lake = await open({ uploadBytesPerSecond: 1_000 });
    const { path, facts } = await stage(lake, 1_000_000);
    const stop = new AbortController();
    const publishing = lake.store.putIfAbsent(KEY, path, facts, stop.signal);
    await expect
      .poll(() =>
        proxy.seen.some(({ method, path: at }) => method === 'PUT' && at.includes('ticks_')),
      )
      .toBe(true);
    stop.abort();
    await expect(publishing).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await lake.store.stat(KEY)).toBeNull();
  });

  it('lets nobody wait for bytes who is to stop', async () => {
    const lake = await open({ downloadBytesPerSecond: 1_000 });
    const { path, facts } = await stage(lake, 1_000_000);
    await lake.store.putIfAbsent(KEY, path, facts);
    const stop = new AbortController();
    const reading = checksumOf(lake.store.read(KEY, undefined, stop.signal));
    await expect
      .poll(() =>
        proxy.seen.some(({ method, path: at }) => method === 'GET' && at.includes('ticks_')),
      )
      .toBe(true);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
