/** A bucket keeps the promises of every object store. */
import { afterAll, beforeAll } from 'vitest';
import { describeObjectStore } from '../../contract/object-store.ts';
import { makeS3Lake } from '../../support/s3-lake.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { describeOn } from '../../support/servers.ts';

describeOn('s3', 'a lake in a bucket', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  describeObjectStore('S3', async () => {
    const lake = await makeS3Lake(server);
    return { ...lake, reopen: async () => lake.open() };
  });
});
