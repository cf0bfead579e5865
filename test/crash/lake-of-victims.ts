/** The lake that victims die over: on the local disk, or in a bucket. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { S3Target } from '../../src/domain/lake/s3-target.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import type { TestDatabase } from '../support/database.ts';
import { type Bench, openBench } from '../support/rotation.ts';
import { makeS3Lake, type S3Lake } from '../support/s3-lake.ts';
import type { S3Server } from '../support/s3-server.ts';
import { withFar } from '../support/tiers.ts';
import { leftInLake, type Places } from './leftovers.ts';
import { farOf } from './scenario.ts';

export interface LakeOfVictims {
  /** The lake, or where its files wait to be sent. */
  readonly directory: string;
  readonly target: S3Target | null;
  /** The dataset's objects as they are now, as files in a lake's folders. */
  asFolder(dataset: string): Promise<string>;
  /** Where to look for what lies there, or where its files wait, and is no object of it. */
  readonly leftovers: NonNullable<Places['lake']>;
}

export async function openLakeOf(
  database: TestDatabase,
  server: (() => S3Server) | undefined,
  hasFar = false,
): Promise<{ readonly bench: Bench; readonly lake: LakeOfVictims }> {
  if (server === undefined) {
    const bench = await openBench(database);
    if (hasFar) return inTwoPlaces(bench);
    const asFolder = () => Promise.resolve(bench.lake);
    const lake = { directory: bench.lake, target: null, asFolder, leftovers: bench.lake };
    return { bench, lake };
  }
  const s3 = await makeS3Lake(server());
  onTestFinished(() => s3.destroy());
  const bench = await openBench(database, { store: s3.store });
  let copies = 0;
  return {
    bench,
    lake: {
      directory: s3.workRoot,
      target: s3.target,
      asFolder: async (dataset) => {
        copies += 1;
        return copyOut(s3, dataset, join(bench.directory, `copy-${String(copies)}`));
      },
      leftovers: async () => [
        ...(await s3.api.listUploads('')).map(({ key }) => `upload of ${key}`),
        ...(await readdir(s3.workRoot, { recursive: true })),
      ],
    },
  };
}

/** What lies in both is one object. */
async function inTwoPlaces(
  near: Bench,
): Promise<{ readonly bench: Bench; readonly lake: LakeOfVictims }> {
  const bench = await withFar(near, await openLocalStore(farOf(near.lake), nodeFileSystem));
  let copies = 0;
  return {
    bench,
    lake: {
      directory: near.lake,
      target: null,
      asFolder: async () => {
        copies += 1;
        const directory = join(near.directory, `copy-${String(copies)}`);
        const places = [near.lake, farOf(near.lake)];
        for (const place of places) {
          if (existsSync(place)) await cp(place, directory, { recursive: true });
        }
        return directory;
      },
      leftovers: async () =>
        (await Promise.all([near.lake, farOf(near.lake)].map(leftInLake))).flat(),
    },
  };
}

async function copyOut({ store }: S3Lake, dataset: string, directory: string): Promise<string> {
  for await (const { key } of store.list(`${dataset}/`)) {
    const path = join(directory, key);
    await mkdir(dirname(path), { recursive: true });
    await store.readable(key, dirname(path));
  }
  return directory;
}
