/** A table with rows that are due, a lake in a bucket behind a proxy, and what must be true of both whatever the proxy did. */
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import type { Dataset } from '../../../src/domain/dataset.ts';
import { type RotationOutcome, rotateDataset } from '../../../src/jobs/rotate.ts';
import type { Rooms } from '../../../src/jobs/rotation/rooms.ts';
import { checksumOf } from '../../../src/lake/checksum.ts';
import { nodeFileSystem } from '../../../src/lake/file-system.ts';
import { openS3Store } from '../../../src/lake/s3/s3-store.ts';
import { openS3Api } from '../../../src/lake/s3/sdk-api.ts';
import { unfinishedMoves } from '../../../src/ledger/moves.ts';
import { listSegments } from '../../../src/ledger/segments.ts';
import { checkRows, NOTHING_WRONG, strayFiles } from '../../crash/check.ts';
import { createTable, fillTable } from '../../crash/scenario.ts';
import { readTruth, type Truth } from '../../crash/truth.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Bench, makeDataset, NOW, openBench } from '../../support/rotation.ts';
import { makeS3Lake, type S3Lake } from '../../support/s3-lake.ts';
import { openS3Proxy, type S3Proxy } from '../../support/s3-proxy.ts';
import type { S3Server } from '../../support/s3-server.ts';

/** Rows of two days are due: a segment each. */
export const DUE_ROWS = 80;

export interface BucketScene {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  readonly bench: Bench;
  readonly lake: S3Lake;
  readonly proxy: S3Proxy;
  /** Rooms that come to the bucket by the proxy; those of the bench go there directly. */
  readonly rooms: Rooms;
  readonly dataset: Dataset;
  readonly truth: Truth;
}

export async function openBucketScene(
  server: S3Server,
  more?: (database: TestDatabase) => Promise<unknown>,
): Promise<BucketScene> {
  const proxy = await openS3Proxy(server.url);
  onTestFinished(() => proxy.close());
  const lake = await makeS3Lake(server);
  onTestFinished(() => lake.destroy());
  const database = await createTestDatabase();
  const bench = await openBench(database, { store: lake.store });
  const api = openS3Api({ ...lake.target, endpoint: proxy.url, requestTimeoutMs: 1_000 });
  const store = openS3Store(api, lake.workRoot, nodeFileSystem);
  await createTable(database, 'plain', 'ticks');
  await fillTable(database, 'ticks');
  await more?.(database);
  const client = await database.connect();
  onTestFinished(() => client.end());
  const settings = { ...bench.rooms.settings, gracePeriodMs: 0 };
  const rooms = { ...bench.rooms, settings, store };
  const truth = await readTruth(client, 'ticks');
  return { database, client, bench, lake, proxy, rooms, dataset: makeDataset('ticks'), truth };
}

export const rotate = (rooms: Rooms, dataset: Dataset): Promise<RotationOutcome> =>
  rotateDataset(rooms, dataset, { force: true });

/** Rows that are due and still hot. */
export async function dueRows({ database, dataset }: BucketScene): Promise<number> {
  const { rows } = await database.query(`select count(*)::int as due from ticks where time < $1`, [
    new Date(NOW - dataset.hotDays * 86_400_000).toISOString(),
  ]);
  return (rows[0] as { due: number }).due;
}

/** I1, I2: every row is there once, hot or cold. */
export async function expectNothingLost(scene: BucketScene, told = ''): Promise<void> {
  const { client, dataset, truth } = scene;
  const folder = await copyOut(scene);
  expect(await checkRows(client, dataset.name, folder, truth), told).toEqual(NOTHING_WRONG);
}

/** I4: the next run, with a sound bucket, moves what is due; no file, upload or move is left over. */
export async function expectConverged(scene: BucketScene, told = ''): Promise<void> {
  const { bench, client, dataset, lake, rooms } = scene;
  const outcome = await rotate({ ...rooms, store: lake.store }, dataset);
  expect(outcome.totals.failed, told).toEqual([]);
  await expectNothingLost(scene, told);
  expect(await dueRows(scene), told).toBe(0);
  expect(await strayFiles(client, dataset.name, await copyOut(scene)), told).toEqual([]);
  expect(await unfinishedMoves(client, dataset.name), told).toEqual([]);
  expect(await lake.api.listUploads(''), told).toEqual([]);
  expect(await readdir(lake.workRoot), told).toEqual([]);
  expect(await readdir(bench.rooms.tempDirectory), told).toEqual([]);
}

/** I3: what a request would put in the place of something else is conditional, each time. */
export function expectNothingOverwritten({ proxy }: BucketScene, told = ''): void {
  const unconditional = proxy.seen.filter(
    ({ method, path, headers }) =>
      ((method === 'PUT' && !path.includes('partNumber')) ||
        (method === 'POST' && path.includes('uploadId='))) &&
      headers['if-none-match'] !== '*',
  );
  expect(
    unconditional.map(({ method, path }) => `${method} ${path}`),
    told,
  ).toEqual([]);
}

/** Versions of the live segments' objects, which never change (I3). */
export async function versions({
  client,
  lake,
}: BucketScene): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { key } of await listSegments(client, { states: ['live'] })) {
    const { version, chunks } = await lake.api.get(key, null);
    await checksumOf(chunks);
    found.set(key, version ?? '');
  }
  return found;
}

let copies = 0;

async function copyOut({ bench, dataset, lake }: BucketScene): Promise<string> {
  copies += 1;
  const directory = join(bench.directory, `copy-${String(copies)}`);
  for (const prefix of [`${dataset.name}/`, `_tierd_manifest/${dataset.name}/`]) {
    for await (const { key } of lake.store.list(prefix)) {
      const path = join(directory, key);
      await mkdir(dirname(path), { recursive: true });
      await lake.store.readable(key, dirname(path));
    }
  }
  return directory;
}
