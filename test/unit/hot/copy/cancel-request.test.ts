import type { Client } from 'pg';
import { expect, it } from 'vitest';
import { requestCancel } from '../../../../src/hot/copy/cancel-request.ts';
import { freePort } from '../../../support/server-process.ts';

it('asking a server that is gone to cancel is no error: there is nothing left to cancel', async () => {
  const port = await freePort();
  const client = { host: '127.0.0.1', port, ssl: false, processID: 1, secretKey: 2 };
  expect(await requestCancel(client as unknown as Client, 5_000)).toBe(false);
});
