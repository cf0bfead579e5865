/** A lake goes from a disk into a bucket, and from a bucket to a disk. */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { checksumOf } from '../../../src/lake/checksum.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { dyingAt } from '../../support/dying-s3.ts';
import { benchAt, copy, keysIn, localTarget, switchTo, targetIn } from '../../support/lake-copy.ts';
import { makeS3Lake, type S3Lake } from '../../support/s3-lake.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';
import { bring, bringLarge, liveKeys, liveSegments, openScene, prove } from './scene.ts';

/** Fewer mean that they are no longer seen. */
const FEWEST_REQUESTS = 6;
/** More go in parts. */
const LARGE_BYTES = 8n * 1024n * 1024n;

describeOn('s3', 'a lake that goes', () => {
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

  it.for(['into a bucket', 'out of a bucket', 'from one prefix to another'] as const)(
    '%s: is whole there, with what was rotated meanwhile (I1, I2, I12)',
    async (way) => {
      const scene = await openScene(way === 'into a bucket' ? undefined : (await bucket()).store);
      const { bench } = scene;
      const target =
        way === 'out of a bucket'
          ? await localTarget(bench)
          : targetIn((await bucket()).store, false);
      expect(await copy(bench, target)).toMatchObject({ copied: 3, bad: [] });
      await bring(scene, 35);
      await expect(switchTo(bench, target)).rejects.toMatchObject({ code: 'REFUSED' });
      expect(await copy(bench, target)).toMatchObject({ copied: 1, alreadyThere: 3 });
      await switchTo(bench, target);

      const moved = benchAt(bench, target);
      await expect(prove(bench)).rejects.toMatchObject({ code: 'LAKE_NOT_THE_SAME' });
      await bring({ ...scene, bench: moved }, 34);
      expect(await prove(moved)).toMatchObject({ provenRows: 500, incomplete: null });
      expect(await keysIn(target.store)).toEqual(await liveKeys(scene));
      expect(await keysIn(bench.rooms.store)).toHaveLength(4);
      expect(await readdir(target.store.stagingRoot).catch(() => [])).toEqual([]);
    },
  );

  it.for(['before', 'sent'] as const)(
    'into a bucket: is taken up after each request at which it died (%s), and overwrites nothing (I3, I9)',
    async (moment) => {
      const scene = await openScene();
      const keys = await liveKeys(scene);
      for (let at = 1; ; at += 1) {
        const lake = await bucket();
        const { api, asked, unlessDead } = dyingAt(lake.api, at, moment);
        const dying = targetIn(lake.open(api, nodeFileSystem), false);
        await copy(scene.bench, dying).catch(unlessDead);
        const target = targetIn(lake.store, false);
        expect(await copy(scene.bench, target), String(at)).toMatchObject({ bad: [] });
        expect(await keysIn(target.store), String(at)).toEqual(keys);
        expect(await lake.api.listUploads('')).toEqual([]);
        if (asked.length < at) {
          expect(at).toBeGreaterThan(FEWEST_REQUESTS);
          return;
        }
      }
    },
  );

  it.for(['before', 'sent'] as const)(
    'into a bucket: a segment that goes in parts is taken up after each request at which it died (%s), and leaves no upload',
    async (moment) => {
      const scene = await openScene(undefined, []);
      await bringLarge(scene);
      const [segment] = await liveSegments(scene);
      expect(segment?.bytes).toBeGreaterThan(LARGE_BYTES);
      for (let at = 1; ; at += 1) {
        const lake = await bucket();
        const { api, asked, unlessDead } = dyingAt(lake.api, at, moment);
        await copy(scene.bench, targetIn(lake.open(api, nodeFileSystem), false)).catch(unlessDead);
        const target = targetIn(lake.store, false);
        expect(await copy(scene.bench, target), String(at)).toMatchObject({ bad: [] });
        const key = segment?.key ?? '';
        expect(await checksumOf(target.store.read(key)), String(at)).toMatchObject({
          sha256: segment?.sha256,
        });
        expect(await lake.api.listUploads(''), String(at)).toEqual([]);
        expect(await readdir(target.store.stagingRoot).catch(() => []), String(at)).toEqual([]);
        if (asked.length < at) {
          expect(asked).toContain('s3.completeUpload');
          return;
        }
      }
    },
  );

  it('into a bucket: is halted by an object with other bytes (I3)', async () => {
    const { bench } = await openScene();
    const lake = await bucket();
    const target = targetIn(lake.store, false);
    await copy(bench, target);
    const [key = ''] = await keysIn(target.store);
    await lake.plant(key, new Uint8Array(10));
    await expect(switchTo(bench, target)).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(copy(bench, target)).rejects.toMatchObject({ code: 'OBJECT_CONFLICT' });
    expect(await target.store.stat(key)).toEqual({ bytes: 10 });
  });
});
