/** A lake whose old segments lie in a bucket, as most will have it. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { openedBy } from '../../../src/cli/rooms/open-lake.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { listFar } from '../../../src/ledger/tiers.ts';
import { dyingAt } from '../../support/dying-s3.ts';
import { keysIn } from '../../support/lake-copy.ts';
import { makeS3Lake, type S3Lake } from '../../support/s3-lake.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';
import { tier, withFar, withoutGrace } from '../../support/tiers.ts';
import { liveKeys, openScene, prove } from '../lake-copy/scene.ts';
import { openTierScene, tiersOf } from './scene.ts';

/** Fewer mean that they are no longer seen. */
const FEWEST_REQUESTS = 5;

describeOn('s3', 'a lake on a disk whose far place is a bucket', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  async function bucket(): Promise<S3Lake> {
    const lake = await makeS3Lake(server);
    onTestFinished(() => lake.destroy());
    return lake;
  }

  it('I1: has old segments there, whole and alone, and no upload that was begun', async () => {
    const lake = await bucket();
    const scene = await openTierScene(lake.store);
    const { dataset } = scene;
    const bench = withoutGrace(scene.bench);
    expect(await tier(bench, dataset)).toMatchObject({ sent: 2, failed: [] });
    expect(await tier(bench, dataset)).toMatchObject({ cleared: 2 });
    expect(await keysIn(lake.store)).toHaveLength(2);
    expect(await keysIn(bench.near)).toHaveLength(1);
    expect(await keysIn(bench.rooms.store)).toEqual(await liveKeys(scene));
    expect(await prove(bench)).toMatchObject({ provenRows: 300, incomplete: null });
    expect(await lake.api.listUploads('')).toEqual([]);
  });

  it('I1: keeps the near copy of what somebody has put another object over there, as long as it was', async () => {
    const lake = await bucket();
    const scene = await openTierScene(lake.store);
    const bench = withoutGrace(scene.bench);
    await tier(bench, scene.dataset);
    const [key = ''] = await keysIn(lake.store);
    const { bytes = 0 } = (await lake.store.stat(key)) ?? {};
    await lake.plant(key, new Uint8Array(bytes));
    const outcome = await tier(bench, scene.dataset);
    expect(outcome).toMatchObject({ cleared: 1, failed: [{ key }] });
    expect(outcome.failed[0]?.reason).toContain('is not what was put there');
    expect(await keysIn(bench.near)).toContain(key);
  });

  it('is opened for a query where each segment lies: near in place, far fetched once', async () => {
    const lake = await bucket();
    const scene = await openTierScene(lake.store);
    const { dataset, client } = scene;
    const bench = withoutGrace(scene.bench);
    await tier(bench, dataset);
    await tier(bench, dataset);
    const far = {
      ...({ type: 's3', iceberg: false, target: lake.target, far: null } as const),
      ...{
        workDirectory: lake.workRoot,
        cacheBytes: 1e9,
        minFreeBytes: 0,
        lookIntervalMs: 0,
        price: null,
      },
    };
    const near = {
      ...({ type: 'local', root: bench.near.place, readers: 'group', iceberg: false } as const),
      minFreeBytes: 0,
    };
    const opened = openedBy({ lake: { ...near, far } }, bench.rooms.store, (keys) =>
      listFar(client, keys),
    );
    const segments = (
      await client.query<{ key: string; bytes: string; sha256: string; rows: string }>(
        `select object_key as key, bytes::text, sha256, row_count::text as rows from tierd.segments order by 1`,
      )
    ).rows.map((row) => ({
      ...{
        key: row.key,
        sha256: row.sha256,
        columns: ['n'],
        width: 3,
        isInParts: true,
        footerBytes: null,
      },
      ...{ bytes: BigInt(row.bytes), rows: BigInt(row.rows) },
    }));
    const directory = await mkdtemp(join(tmpdir(), 'tierd-opened-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const located = await opened.openParts?.(
      segments,
      () => Promise.resolve(new Map()),
      directory,
      undefined,
    );
    expect(located?.fetched.requests).toBe(2);
    const where = segments.map(({ key }) => located?.locate(key) ?? '');
    expect(where.map((path) => path.startsWith(directory))).toEqual([true, true, false]);
    expect(where[2]).toBe(bench.near.locate(segments[2]?.key ?? ''));
    const whole = join(directory, 'whole');
    const locate = await opened.openSegments(segments, whole, undefined);
    expect(locate(segments[0]?.key ?? '')).toContain(whole);
    expect(locate(segments[2]?.key ?? '')).toBe(where[2]);
  });

  it('may be near in a bucket as well', async () => {
    const [nearLake, farLake] = [await bucket(), await bucket()];
    const { bench: single, dataset, database } = await openScene(nearLake.store, [120, 100, 40]);
    const bench = withoutGrace(await withFar(single, farLake.store));
    const old = { ...dataset, farDays: 90 };
    expect(await tier(bench, old)).toMatchObject({ sent: 2, failed: [] });
    expect(await tier(bench, old)).toMatchObject({ cleared: 2, failed: [] });
    expect(await keysIn(nearLake.store)).toHaveLength(1);
    expect(await keysIn(farLake.store)).toHaveLength(2);
    expect(await prove(bench)).toMatchObject({ provenRows: 300, incomplete: null });

    const db = await database.connect();
    const placeOf = ({ target }: S3Lake) => ({
      ...({
        type: 's3',
        iceberg: false,
        target,
        cacheBytes: 1e9,
        minFreeBytes: 0,
        lookIntervalMs: 0,
        price: null,
      } as const),
      workDirectory: nearLake.workRoot,
    });
    const lake = { ...placeOf(nearLake), far: { ...placeOf(farLake), far: null } };
    const { openSegments } = openedBy({ lake }, bench.rooms.store, (keys) => listFar(db, keys));
    const { rows } = await db.query<{ key: string; bytes: string }>(
      'select object_key as key, bytes::text from tierd.segments order by 1',
    );
    const segments = rows.map(({ key, bytes }) => ({ key, bytes: BigInt(bytes) }));
    const directory = await mkdtemp(join(tmpdir(), 'tierd-opened-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const locate = await openSegments(segments, directory, undefined);
    const sizes = await Promise.all(
      segments.map(async ({ key }) => BigInt((await stat(locate(key))).size)),
    );
    expect(sizes).toEqual(segments.map(({ bytes }) => bytes));
  });

  it.for(['before', 'sent'] as const)(
    'is taken up after each request at which it died (%s), and overwrites nothing (I3, I4, I9)',
    async (moment) => {
      const scene = await openTierScene((await bucket()).store);
      const keys = await liveKeys(scene);
      for (let at = 1; ; at += 1) {
        const lake = await bucket();
        const { api, asked, unlessDead } = dyingAt(lake.api, at, moment);
        // Near again, as before the first time.
        await scene.client.query(`update tierd.segments set tier = 'near', tier_since = null`);
        await scene.client.query('update tierd.lake set far_place = null');
        const near = { ...scene.bench, rooms: { ...scene.bench.rooms, store: scene.bench.near } };
        const dying = await withFar(near, lake.open(api, nodeFileSystem));
        await tier(dying, scene.dataset).catch(unlessDead);
        const bench = await withFar(near, lake.store);
        expect(await prove(bench), String(at)).toMatchObject({ provenRows: 300 });
        expect(await tier(bench, scene.dataset), String(at)).toMatchObject({ failed: [] });
        expect(await tiersOf(scene), String(at)).toEqual({ near: 1, both: 2 });
        expect(await keysIn(lake.store), String(at)).toEqual(keys.slice(0, 2));
        expect(await lake.api.listUploads('')).toEqual([]);
        if (asked.length < at) {
          expect(at).toBeGreaterThan(FEWEST_REQUESTS);
          return;
        }
      }
    },
  );
});
