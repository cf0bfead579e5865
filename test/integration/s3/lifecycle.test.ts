/** Rules of the bucket that would take segments are seen, where they may be. */
import * as sdk from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { makeS3Lake } from '../../support/s3-lake.ts';
import { openS3Proxy } from '../../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

/** A store that has no such rules tells none. */
const hasRules = process.env['TIERD_TEST_S3_URL'] === undefined;

describeOn('s3', 'the lifecycle of a bucket', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  async function open(endpoint = server.url) {
    const lake = await makeS3Lake(server, { endpoint });
    onTestFinished(() => lake.destroy());
    return lake;
  }

  async function setRules(Rules: sdk.LifecycleRule[]): Promise<void> {
    const { accessKeyId, secretAccessKey } = server;
    const client = new sdk.S3Client({
      region: server.region,
      endpoint: server.url,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    const at = { Bucket: server.bucket };
    await client.send(
      Rules.length === 0
        ? new sdk.DeleteBucketLifecycleCommand(at)
        : new sdk.PutBucketLifecycleConfigurationCommand({
            ...at,
            LifecycleConfiguration: { Rules },
          }),
    );
    client.destroy();
  }

  it.skipIf(!hasRules)('without rules harms nothing', async () => {
    const { store } = await open();
    expect(await store.lifecycle?.look()).toEqual([]);
  });

  it.skipIf(!hasRules)('that would remove segments is told', async () => {
    onTestFinished(() => setRules([]));
    const { store, target } = await open();
    await setRules([
      {
        ID: 'old things',
        Status: 'Enabled',
        Filter: { Prefix: `${target.prefix}/` },
        Expiration: { Days: 90 },
      },
      { ID: 'logs', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } },
    ]);
    expect(await store.lifecycle?.look()).toEqual([
      expect.stringMatching(/"old things".*removes segments/),
    ]);
  });

  it('that may not be seen is not guessed at', async () => {
    const proxy = await openS3Proxy(server.url);
    onTestFinished(() => proxy.close());
    const { store } = await open(proxy.url);
    proxy.judge(() => 'denied');
    expect(await store.lifecycle?.look()).toBeNull();
    proxy.judge(() => 'no-bucket');
    await expect(store.lifecycle?.look()).rejects.toMatchObject({ code: 'LAKE_UNREADABLE' });
  });
});
