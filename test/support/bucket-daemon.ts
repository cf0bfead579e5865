/** A daemon whose lake is in a bucket behind a proxy, with one day that was moved there. */
import { expect, onTestFinished } from 'vitest';
import { fillTicks, makeDaemon } from './daemon.ts';
import { createTestDatabase } from './database.ts';
import { openS3Proxy, type S3Proxy } from './s3-proxy.ts';
import { startS3 } from './s3-server.ts';

export interface BucketDaemon {
  readonly scene: Awaited<ReturnType<typeof makeDaemon>>;
  readonly proxy: S3Proxy;
}

/** @param more of the section `lake` */
export async function makeBucketDaemon(sections: string, more = ''): Promise<BucketDaemon> {
  const server = await startS3();
  onTestFinished(() => server.remove());
  const proxy = await openS3Proxy(server.url);
  onTestFinished(() => proxy.close());
  const database = await createTestDatabase();
  await fillTicks(database, { dueDays: 1, rows: 10 });
  const scene = await makeDaemon(database, sections);
  scene.edit(
    /lake: .*/,
    `lake: { type: s3, bucket: ${server.bucket}, prefix: lake, endpoint: "${proxy.url}", region: ${server.region},
       access_key_id: "${server.accessKeyId}", secret_access_key: "${server.secretAccessKey}",
       work_directory: work, min_free: 0MB${more} }`,
  );
  expect(await scene.workspace.tierd('rotate')).toMatchObject({ exitCode: 0 });
  return { scene, proxy };
}
