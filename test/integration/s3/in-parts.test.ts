/** Questions over segments of a bucket, of which only parts are fetched, over a line that may break (I9). */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { openedBy } from '../../../src/cli/rooms/open-lake.ts';
import { ensureLakeMarker } from '../../../src/lake/marker.ts';
import type { OpenedParts } from '../../../src/lake/segment-files.ts';
import { openParquetBench, type ParquetBench, readWhole } from '../../support/parquet-file.ts';
import { makeS3Lake, type S3Lake } from '../../support/s3-lake.ts';
import { openS3Proxy, type S3Proxy, type S3Request } from '../../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

const SEGMENTS = 3;
const GROUPS = 6;
const GROUP_ROWS = 20_480;
const KEPT_BYTES = 100_000_000;

const isGet = ({ method, path }: S3Request): boolean => method === 'GET' && path.includes('ticks_');

describeOn('s3', 'segments of a bucket in parts', () => {
  let server: S3Server;
  let proxy: S3Proxy;
  let lake: S3Lake;
  let bench: ParquetBench;
  let files: readonly { readonly key: string; readonly path: string; readonly bytes: Buffer }[];

  beforeAll(async () => {
    server = await startS3();
    bench = await openParquetBench();
    const made = [];
    for (let day = 0; day < SEGMENTS; day += 1) {
      const path = await bench.write(
        `${String(day)}.parquet`,
        `select 's' || n // 10000 as symbol, hash(n + ${String(day)}) as noise, md5(n::varchar) as word,
                n::bigint as n, ${String(day)}::integer as day
         from range(${String(GROUPS * GROUP_ROWS)}) t(n)`,
        GROUP_ROWS,
      );
      const bytes = await readFile(path);
      const id = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
      const key = `ticks/year=2024/month=01/day=1${String(day)}/ticks_2024011${String(day)}-${id}.parquet`;
      made.push({ key, path, bytes });
    }
    files = made;
  });
  afterAll(async () => {
    await bench.destroy();
    await server.remove();
  });
  beforeEach(async () => {
    proxy = await openS3Proxy(server.url);
    lake = await makeS3Lake(server, { endpoint: proxy.url, requestTimeoutMs: 1_000 });
    await ensureLakeMarker(lake.store, 'lake-1');
    for (const { key, bytes } of files) await lake.plant(key, bytes);
  });
  afterEach(async () => {
    await lake.destroy();
    await proxy.close();
  });

  const COLUMNS = ['symbol', 'n', 'day'];

  interface Opened extends OpenedParts {
    readonly paths: readonly string[];
  }

  /** As a query with conditions would that only row groups 2 and 3 can pass. */
  async function open(
    columns = COLUMNS,
    cacheBytes = KEPT_BYTES,
    footerBytes: number | null = null,
  ): Promise<Opened> {
    const directory = await mkdtemp(join(tmpdir(), 'tierd-opened-'));
    const { openParts } = openedBy(
      {
        lake: {
          type: 's3',
          iceberg: false,
          target: lake.target,
          workDirectory: lake.workRoot,
          cacheBytes,
          minFreeBytes: 0,
          far: null,
          lookIntervalMs: 0,
          price: null,
        },
      },
      lake.store,
      () => Promise.resolve(new Set()),
    );
    const segments = await Promise.all(
      files.map(async ({ key, path, bytes }) => ({
        key,
        bytes: BigInt(bytes.length),
        sha256: createHash('sha256').update(bytes).digest('hex'),
        rows: BigInt((await readWhole(path)).footer.rows),
        columns,
        width: 5,
        footerBytes,
        isInParts: true,
      })),
    );
    const opened = await openParts?.(
      segments,
      async (groups) => new Map([...groups.keys()].map((key) => [key, new Set([2, 3])])),
      directory,
      undefined,
    );
    if (opened === undefined) throw new Error('a bucket is not opened in parts');
    return { ...opened, paths: files.map(({ key }) => opened.locate(key)) };
  }

  async function sumOf(paths: readonly string[], more = ''): Promise<string> {
    const list = paths.map((path) => `'${path}'`).join(', ');
    const reader = await bench.duckdb.runAndReadAll(
      `select count(*), sum(n * (day + 1)), min(symbol), max(symbol) from read_parquet([${list}])
       where n between ${String(2 * GROUP_ROWS)} and ${String(4 * GROUP_ROWS - 1)} ${more}`,
    );
    return JSON.stringify(reader.getRowsJson());
  }

  const expected = () => sumOf(files.map(({ path }) => path));
  const askedFor = () => proxy.seen.filter(isGet);

  it('come in two requests each and little more than the chunks, and then from here', async () => {
    const { paths, fetched } = await open();
    expect(await sumOf(paths)).toBe(await expected());
    expect(askedFor()).toHaveLength(fetched.requests);
    let needed = 0;
    for (const { path } of files) {
      const { bytes, footer } = await readWhole(path);
      needed += footer.bytes.length + 8;
      for (const group of [2, 3]) {
        for (const [leaf, { name }] of footer.columns.entries()) {
          const { start, end } = footer.groups[group]?.chunks[leaf] ?? { start: 0, end: 0 };
          if (COLUMNS.includes(name)) needed += end - start;
        }
      }
      expect(bytes.length).toBeGreaterThan(300_000);
    }
    expect(fetched.bytes).toBeLessThan(needed * 1.3 + SEGMENTS * 8_192);
    expect(fetched.bytes).toBeLessThan(files.reduce((sum, { bytes }) => sum + bytes.length, 0) / 4);

    const again = await open();
    expect(again.fetched).toEqual({ requests: 0, bytes: 0 });
    expect(await sumOf(again.paths)).toBe(await expected());
  });

  it.each(['cut-before', 'cut-after', 'cut-body', 'refuse', 'stall'] as const)(
    'are the same where every other request meets %s',
    async (verdict) => {
      let asked = 0;
      proxy.judge((request) => {
        if (!isGet(request)) return 'pass';
        asked += 1;
        return asked % 2 === 1 ? verdict : 'pass';
      });
      const { paths } = await open();
      expect(await sumOf(paths)).toBe(await expected());
      expect(asked).toBeGreaterThan(SEGMENTS * 2);
    },
  );

  it.each([-1, 0, 1, 8, 9, 2_147_483_647])(
    'come in parts all the same where the ledger has %i bytes for their footers',
    async (footerBytes) => {
      const { paths, fetched } = await open(COLUMNS, KEPT_BYTES, footerBytes);
      expect(await sumOf(paths)).toBe(await expected());
      const all = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
      expect(fetched.bytes).toBeLessThan(all / 4);
      expect(askedFor()).toHaveLength(fetched.requests);
    },
  );

  it('of which one was replaced since its footer was read are not mixed, and not believed', async () => {
    await open(['symbol']);
    const [first] = files;
    // Another object of the same length and footer, whose chunks are of other values.
    const other = Buffer.from(first?.bytes ?? []);
    const { footer } = await readWhole(first?.path ?? '');
    const chunk = footer.groups[2]?.chunks[3];
    other.fill(0, (chunk?.start ?? 0) + 40, chunk?.end);
    await lake.plant(first?.key ?? '', other);
    await expect(open()).rejects.toMatchObject({ code: 'SEGMENT_UNREADABLE' });
    await lake.plant(first?.key ?? '', first?.bytes ?? other);
    expect(await sumOf((await open()).paths)).toBe(await expected());
  });

  it('are fetched for each of several askers at once, and kept once', async () => {
    const opened = await Promise.all(Array.from({ length: 4 }, () => open()));
    for (const { paths } of opened) expect(await sumOf(paths)).toBe(await expected());
    expect((await open()).fetched.requests).toBe(0);
  });

  it('leave no more behind than they may', async () => {
    const bound = 300_000;
    for (const columns of [['n'], ['noise'], ['word', 'n'], ['symbol']]) {
      await open(columns, bound);
      const directory = join(lake.workRoot, 'segments');
      const names = await readdir(directory);
      const sizes = await Promise.all(
        names.map(async (name) => (await stat(join(directory, name))).size),
      );
      expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(bound);
    }
    await rm(join(lake.workRoot, 'segments'), { recursive: true });
    expect(await sumOf((await open()).paths)).toBe(await expected());
  });

  it('that are not there are told by their names', async () => {
    await lake.store.remove(files[1]?.key ?? '');
    await expect(open()).rejects.toMatchObject({
      code: 'OBJECT_MISSING',
      message: expect.stringContaining(files[1]?.key ?? '?'),
    });
  });
});
