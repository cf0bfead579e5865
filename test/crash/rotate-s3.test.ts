import { afterAll, beforeAll } from 'vitest';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { describeOn } from '../support/servers.ts';
import { killEverywhere } from './kill-everywhere.ts';

describeOn('s3', 'a rotation into a bucket that is killed (I1, I2, I3, I4)', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.remove());

  killEverywhere('plain', () => server);
});
