/** What becomes of an upload in parts when one of them fails while the next is still being read (I9). */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../../src/lake/file-system.ts';
import type { S3Api } from '../../../../src/lake/s3/s3-api.ts';
import { uploadFile } from '../../../../src/lake/s3/upload-file.ts';

const MIB = 1024 * 1024;
const PARTS = 6;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tierd-upload-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A bucket that takes each part but one. */
function bucketWithout(lost: number) {
  const calls: string[] = [];
  const api = {
    retryForMs: 0,
    createUpload: () => Promise.resolve('upload-1'),
    uploadPart: (_: unknown, partNumber: number) => {
      calls.push(`part ${String(partNumber)}`);
      if (partNumber === lost) return Promise.reject(new Error(`part ${String(lost)} was refused`));
      return Promise.resolve({ partNumber, etag: '', sha256: '' });
    },
    completeUpload: () => {
      calls.push('complete');
      return Promise.resolve();
    },
    abortUpload: () => {
      calls.push('abort');
      return Promise.resolve();
    },
  } as unknown as S3Api;
  return { api, calls };
}

it.each(Array.from({ length: PARTS }, (_, index) => index + 1))(
  'is given up with the failure of part %d, which nothing else of the process meets',
  async (lost) => {
    const path = join(directory, 'staged.parquet');
    const body = randomBytes(8 * MIB * (PARTS - 1) + 1);
    await writeFile(path, body);
    const facts = { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
    const { api, calls } = bucketWithout(lost);

    const unmet: unknown[] = [];
    const meet = (reason: unknown): void => {
      unmet.push(reason);
    };
    process.on('unhandledRejection', meet);
    try {
      const sent = uploadFile(api, nodeFileSystem, { key: 'staged.parquet', path, facts });
      await expect(sent).rejects.toThrow(`part ${String(lost)} was refused`);
      await setImmediate();
    } finally {
      process.off('unhandledRejection', meet);
    }
    expect(unmet).toEqual([]);
    expect(calls).not.toContain('complete');
    expect(calls.at(-1)).toBe('abort');
  },
);
