/** A file sent as a segment is, and sent in parts by the same client with nothing proven. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { link, open } from 'node:fs/promises';
import { join } from 'node:path';
import * as sdk from '@aws-sdk/client-s3';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { ensureLakeMarker } from '../../src/lake/marker.ts';
import { openS3Store } from '../../src/lake/s3/s3-store.ts';
import { openS3Api } from '../../src/lake/s3/sdk-api.ts';
import type { S3Scene } from './scene.ts';

/** As tierd sends a file. */
const PART_BYTES = 8 * 1024 ** 2;
const PARTS_AT_ONCE = 3;

export interface UploadScene {
  readonly scene: S3Scene;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export async function openUpload(scene: S3Scene, bytes: number): Promise<UploadScene> {
  const path = join(scene.folder, 'upload');
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  for (let written = 0; written < bytes; written += PART_BYTES) {
    const part = randomBytes(Math.min(PART_BYTES, bytes - written));
    hash.update(part);
    await file.writeFile(part);
  }
  await file.close();
  return { scene, path, bytes, sha256: hash.digest('hex') };
}

/** @returns seconds */
export async function sendByTierd(upload: UploadScene): Promise<number> {
  const { scene, path, bytes, sha256 } = upload;
  const { bucket, url, region, accessKeyId, secretAccessKey } = scene.store;
  const api = openS3Api({
    bucket,
    prefix: `bench/${randomUUID()}`,
    endpoint: url,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    storageClass: null,
    encryption: null,
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 30_000,
    retryForMs: 0,
    limits: { requestsPerSecond: 0, uploadBytesPerSecond: 0, downloadBytesPerSecond: 0 },
  });
  const store = openS3Store(api, join(scene.folder, 'work'), nodeFileSystem);
  await ensureLakeMarker(store, randomUUID());
  // What was sent is removed from where it was staged.
  const staged = `${path}-staged`;
  await link(path, staged);
  const key = 'upload/upload.parquet';
  const seconds = await secondsOf(() => store.putIfAbsent(key, staged, { bytes, sha256 }));
  await store.remove(key);
  return seconds;
}

/** @returns seconds */
export async function sendPlainly({ scene, path, bytes }: UploadScene): Promise<number> {
  const { bucket, url, region, accessKeyId, secretAccessKey } = scene.store;
  const client = new sdk.S3Client({
    region,
    endpoint: url,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    // The least that it can do.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const at = { Bucket: bucket, Key: `bench/${randomUUID()}/upload.parquet` };
  // The first request loads and connects, as the marker's does above.
  await client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }));
  const seconds = await secondsOf(() => inParts(client, at, path, bytes));
  await client.send(new sdk.DeleteObjectCommand(at));
  client.destroy();
  return seconds;
}

async function inParts(
  client: sdk.S3Client,
  at: { readonly Bucket: string; readonly Key: string },
  path: string,
  bytes: number,
): Promise<void> {
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(at));
  if (UploadId === undefined) throw new Error('the store gave the upload no id');
  const file = await open(path);
  const parts: sdk.CompletedPart[] = [];
  const places = Array.from({ length: Math.ceil(bytes / PART_BYTES) }, (_, part) => part).values();
  const work = async (): Promise<void> => {
    for (const part of places) {
      const from = part * PART_BYTES;
      const Body = new Uint8Array(Math.min(PART_BYTES, bytes - from));
      await file.read(Body, 0, Body.length, from);
      const PartNumber = part + 1;
      const sent = { ...at, UploadId, PartNumber, Body, ContentLength: Body.length };
      const { ETag } = await client.send(new sdk.UploadPartCommand(sent));
      parts[part] = { PartNumber, ...(ETag === undefined ? {} : { ETag }) };
    }
  };
  await Promise.all(Array.from({ length: PARTS_AT_ONCE }, work));
  await file.close();
  const MultipartUpload = { Parts: parts };
  await client.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }));
}

async function secondsOf(step: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await step();
  return (performance.now() - startedAt) / 1000;
}
