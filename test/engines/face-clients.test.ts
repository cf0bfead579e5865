/** Drivers of Python get over the PostgreSQL face what they get of PostgreSQL itself. */
import { join } from 'node:path';
import { it } from 'vitest';
import { expectAlike } from '../support/face-clients.ts';
import { describeOn, servers } from '../support/servers.ts';

describeOn('python', 'clients of Python', () => {
  it('get what PostgreSQL gives them', async () => {
    const client = [servers().python ?? '', join(import.meta.dirname, 'face_clients.py')] as const;
    await expectAlike(client, (postgres, face) => JSON.stringify({ postgres, face }), 26);
  });
});
