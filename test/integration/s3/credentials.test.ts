/** What the AWS tools have on this machine for who reaches a bucket, and that it is renewed there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { makeS3Lake } from '../../support/s3-lake.ts';
import { openS3Proxy } from '../../support/s3-proxy.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('s3', 'credentials of a profile', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  it('that expire and are renewed in their file are taken from there by whoever was refused', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tierd-profile-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'credentials');
    const renew = (keyId: string): Promise<void> =>
      writeFile(
        file,
        `[default]\naws_access_key_id = ${keyId}\naws_secret_access_key = ${server.secretAccessKey}\n`,
      );
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
    vi.stubEnv('AWS_CONFIG_FILE', join(directory, 'config'));
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) {
      vi.stubEnv(name, undefined);
    }
    onTestFinished(() => void vi.unstubAllEnvs());
    const proxy = await openS3Proxy(server.url);
    onTestFinished(() => proxy.close());
    proxy.judge(({ headers }) =>
      headers.authorization?.includes(`Credential=${server.accessKeyId}/`) === true
        ? 'pass'
        : 'expired',
    );
    const open = async () => {
      const lake = await makeS3Lake(server, { endpoint: proxy.url, credentials: null });
      onTestFinished(() => lake.destroy());
      return () => lake.store.stat('ticks/nothing.parquet');
    };

    await renew('of-yesterday');
    const look = await open();
    await expect(look()).rejects.toMatchObject({
      code: 'LAKE_UNREADABLE',
      message: expect.stringContaining('ExpiredToken'),
    });
    await renew(server.accessKeyId);
    expect(await look()).toBeNull();
    // Another one of this process, as after a reload.
    const lookAnew = await open();
    expect(await lookAnew()).toBeNull();
    expect(proxy.seen.at(-1)?.verdict).toBe('pass');
  });
});
