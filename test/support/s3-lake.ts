/** A lake of a test's own in a bucket: below a prefix that nobody else has. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as sdk from '@aws-sdk/client-s3';
import type { S3Target } from '../../src/domain/lake/s3-target.ts';
import { type FileSystem, nodeFileSystem } from '../../src/lake/file-system.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import type { S3Api } from '../../src/lake/s3/s3-api.ts';
import { openS3Store } from '../../src/lake/s3/s3-store.ts';
import { openS3Api } from '../../src/lake/s3/sdk-api.ts';
import type { S3Server } from './s3-server.ts';

export interface S3Lake {
  readonly target: S3Target;
  readonly workRoot: string;
  readonly api: S3Api;
  readonly store: ObjectStore;
  open(api?: S3Api, fs?: FileSystem): ObjectStore;
  /** Puts bytes under a key behind the store's back, over whatever lies there. */
  plant(key: string, bytes: Uint8Array): Promise<void>;
  destroy(): Promise<void>;
}

export async function makeS3Lake(
  server: S3Server,
  changes: Partial<S3Target> = {},
): Promise<S3Lake> {
  const { accessKeyId, secretAccessKey } = server;
  const workRoot = await mkdtemp(join(tmpdir(), 'tierd-s3-'));
  const target: S3Target = {
    bucket: server.bucket,
    prefix: `test/${randomUUID()}`,
    endpoint: server.url,
    region: server.region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    storageClass: null,
    encryption: null,
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 10_000,
    retryForMs: 0,
    limits: { requestsPerSecond: 0, uploadBytesPerSecond: 0, downloadBytesPerSecond: 0 },
    ...changes,
  };
  const api = openS3Api(target);
  const direct = new sdk.S3Client({
    region: server.region,
    endpoint: server.url,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const open = (through = api, fs = nodeFileSystem): ObjectStore =>
    openS3Store(through, workRoot, fs);
  return {
    target,
    workRoot,
    api,
    store: open(),
    open,
    async plant(key, bytes) {
      const at = { Bucket: server.bucket, Key: `${target.prefix}/${key}` };
      await direct.send(new sdk.PutObjectCommand({ ...at, Body: bytes }));
    },
    async destroy() {
      direct.destroy();
      await rm(workRoot, { recursive: true, force: true });
    },
  };
}
