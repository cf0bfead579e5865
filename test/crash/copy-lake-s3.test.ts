import { afterAll, beforeAll } from 'vitest';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { describeOn } from '../support/servers.ts';
import { killCopyEverywhere } from './kill-copy-everywhere.ts';

describeOn('s3', 'a copy of the lake into a bucket that is killed (I3, I4, I9)', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  killCopyEverywhere(() => server);
});
