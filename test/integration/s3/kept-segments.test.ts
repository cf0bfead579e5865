/** Whole segments of a bucket that are kept on this machine, where a power cut or a bad disk may have got at them. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import { openedBy } from '../../../src/cli/rooms/open-lake.ts';
import { makeS3Lake, type S3Lake } from '../../support/s3-lake.ts';
import { openS3Proxy, type S3Proxy } from '../../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

const BYTES = Buffer.from('PAR1 a segment, for what a cache cares '.repeat(3_000));
const SHA256 = createHash('sha256').update(BYTES).digest('hex');
const KEY = `ticks/year=2024/month=01/day=15/ticks_20240115-${SHA256.slice(0, 12)}.parquet`;

describeOn('s3', 'a segment of a bucket that is kept', () => {
  let server: S3Server;
  let proxy: S3Proxy;
  let lake: S3Lake;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    proxy = await openS3Proxy(server.url);
    onTestFinished(() => proxy.close());
    lake = await makeS3Lake(server, { endpoint: proxy.url });
    onTestFinished(() => lake.destroy());
    await lake.plant(KEY, BYTES);
  });

  /** As each question does, in a directory of its own. */
  async function read(times = 1): Promise<Buffer> {
    const directory = await mkdtemp(join(tmpdir(), 'tierd-kept-'));
    const { openSegments } = openedBy(
      {
        lake: {
          ...({ type: 's3', iceberg: false, target: lake.target, far: null } as const),
          ...{ workDirectory: lake.workRoot, cacheBytes: 1e9, minFreeBytes: 0 },
          ...{ lookIntervalMs: 0, price: null },
        },
      },
      lake.store,
      () => Promise.resolve(new Set()),
    );
    let bytes = Buffer.alloc(0);
    for (let time = 0; time < times; time += 1) {
      const wanted = [{ key: KEY, bytes: BigInt(BYTES.length) }];
      bytes = await readFile((await openSegments(wanted, directory, undefined))(KEY));
    }
    await rm(directory, { recursive: true });
    return bytes;
  }

  async function keptPath(): Promise<string> {
    const directory = join(lake.workRoot, 'segments');
    const [name = '', ...more] = await readdir(directory);
    expect(more).toEqual([]);
    return join(directory, name);
  }

  const gets = (): number => proxy.seen.filter(({ method }) => method === 'GET').length;

  it('is not fetched again', async () => {
    expect((await read()).equals(BYTES)).toBe(true);
    const before = gets();
    expect((await read()).equals(BYTES)).toBe(true);
    expect(gets()).toBe(before);
  });

  it('is opened again by one who has it open, as who judges it after the engine failed', async () => {
    expect((await read(2)).equals(BYTES)).toBe(true);
    expect((await read(2)).equals(BYTES)).toBe(true);
  });

  it.each([
    ['without a byte', () => Buffer.alloc(0)],
    ['cut short', () => BYTES.subarray(0, 5_000)],
    ['with zeros in its middle', () => Buffer.from(BYTES).fill(0, 8_192, 16_384)],
  ])('%s is fetched again, and kept as it is in the bucket', async (_, altered) => {
    await read();
    await writeFile(await keptPath(), altered());
    expect((await read()).equals(BYTES)).toBe(true);
    expect((await stat(await keptPath())).size).toBe(BYTES.length);
    const before = gets();
    expect((await read()).equals(BYTES)).toBe(true);
    expect(gets()).toBe(before);
  });
});
