/** How long a bucket that fails in passing is waited for. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { makeS3Lake } from '../../support/s3-lake.ts';
import { openS3Proxy } from '../../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

/** In any case. */
const FEWEST_ATTEMPTS = 7;
/** Longer than those take. */
const RETRY_FOR_MS = 60_000;

describeOn('s3', 'a bucket that fails in passing', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  async function open(retryForMs: number) {
    const proxy = await openS3Proxy(server.url);
    onTestFinished(() => proxy.close());
    const lake = await makeS3Lake(server, { endpoint: proxy.url, retryForMs });
    onTestFinished(() => lake.destroy());
    return { proxy, store: lake.store };
  }

  it('and has answered before is tried for as long as retry_for says', async () => {
    const { proxy, store } = await open(RETRY_FOR_MS);
    expect(await store.stat('a')).toBeNull();
    let refused = 0;
    proxy.judge(() => {
      refused += 1;
      return refused <= FEWEST_ATTEMPTS + 1 ? 'refuse' : 'pass';
    });
    expect(await store.stat('a')).toBeNull();
    expect(refused).toBe(FEWEST_ATTEMPTS + 2);
  });

  it.each([
    ['and never answered', RETRY_FOR_MS, false],
    ['with no time for it', 0, true],
  ])('%s is given up after seven times', async (_, retryForMs, hasAnswered) => {
    const { proxy, store } = await open(retryForMs);
    if (hasAnswered) await store.stat('a');
    const before = proxy.seen.length;
    proxy.judge(() => 'internal-error');
    await expect(store.stat('a')).rejects.toMatchObject({ code: 'LAKE_UNREACHABLE' });
    expect(proxy.seen.length - before).toBe(FEWEST_ATTEMPTS);
  });

  it('lets nobody wait who is to stop', async () => {
    const { proxy, store } = await open(RETRY_FOR_MS);
    await store.stat('a');
    const stop = new AbortController();
    proxy.judge(() => {
      stop.abort();
      return 'refuse';
    });
    const reading = store.read('a', undefined, stop.signal)[Symbol.asyncIterator]().next();
    await expect(reading).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
