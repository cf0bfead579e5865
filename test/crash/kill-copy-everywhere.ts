/**
 * kill -9 before and in the effects of a copy of the lake into a bucket, while a writer inserts, updates and deletes.
 * After each kill the lake is as it was; the next run ends the copy, which then has what the lake has, byte by byte.
 */
import { readdir } from 'node:fs/promises';
import { expect, onTestFinished } from 'vitest';
import { rotateDataset } from '../../src/jobs/rotate.ts';
import { checksumOf } from '../../src/lake/checksum.ts';
import { listSegments } from '../../src/ledger/segments.ts';
import { copy, keysIn, targetIn } from '../support/lake-copy.ts';
import { makeS3Lake, type S3Lake } from '../support/s3-lake.ts';
import type { S3Server } from '../support/s3-server.ts';
import {
  expectNothingLeft,
  expectRight,
  type KillScene,
  killJobEverywhere,
  whenFree,
} from './kill-job.ts';

/** A copy of two segments, and of their records, has about half as many again. */
const FEWEST_EFFECTS = { before: 16, sent: 8 };
/** There are few. */
const SHARE = 1 / 8;

export function killCopyEverywhere(server: () => S3Server): void {
  const buckets = new Map<string, S3Lake>();
  const bucketOf = ({ dataset }: KillScene): S3Lake => {
    const bucket = buckets.get(dataset.name);
    if (bucket === undefined) throw new Error(`${dataset.name} was not prepared`);
    return bucket;
  };
  killJobEverywhere({
    name: 'copied',
    kind: 'plain',
    settings: {},
    fewestEffects: FEWEST_EFFECTS,
    share: SHARE,
    order: (scene) => {
      const { target, workRoot } = bucketOf(scene);
      return { copy: { into: target, by: workRoot } };
    },
    prepare: async ({ rooms, dataset }) => {
      await rotateDataset(rooms, dataset, { force: true });
      const bucket = await makeS3Lake(server());
      onTestFinished(() => bucket.destroy());
      buckets.set(dataset.name, bucket);
    },
    forget: async ({ client }) => {
      // As if its lifetime had passed: the copy has one of its own.
      await client.query('update tierd.leases set expires_at = clock_timestamp()');
    },
    recover: async (scene) => {
      await copyWhenFree(scene, bucketOf(scene));
    },
    converge: async (scene, told) => {
      const { rooms, dataset } = scene;
      const moved = await rotateDataset(rooms, dataset, { force: true });
      expect(moved.totals.failed, told).toEqual([]);
      await expectRight(scene, told);
      await expectNothingLeft(scene, told);
      await copyWhenFree(scene, bucketOf(scene));
      await expectSame(scene, bucketOf(scene), told);
    },
  });
}

async function copyWhenFree({ rooms }: KillScene, bucket: S3Lake): Promise<void> {
  const { bad } = await whenFree(rooms, (own) =>
    copy({ rooms: own }, targetIn(bucket.store, false)),
  );
  expect(bad).toEqual([]);
}

/** What is live is in both, byte by byte, and nothing else is in the copy. */
async function expectSame(
  { client, rooms }: KillScene,
  { store, api, workRoot }: S3Lake,
  told: string,
): Promise<void> {
  const live = await listSegments(client, { states: ['live'] });
  expect(await keysIn(store), told).toEqual(live.map(({ key }) => key).sort());
  for (const { key } of live) {
    expect(await checksumOf(store.read(key)), told).toEqual(
      await checksumOf(rooms.store.read(key)),
    );
  }
  expect(await api.listUploads(''), told).toEqual([]);
  expect(await readdir(workRoot), told).toEqual([]);
}
