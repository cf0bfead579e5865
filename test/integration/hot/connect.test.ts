import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, disconnect } from '../../../src/hot/server/connect.ts';
import { createTestDatabase } from '../../support/database.ts';

/** Hundredths of a second, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;
const KEEP_ALIVE_TIMER = '02';

/** Seconds until the kernel asks the other end of the connection for a sign of life. */
async function secondsToProbe(localPort: number): Promise<number | null> {
  const port = `:${localPort.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of (await readFile('/proc/net/tcp', 'utf8')).split('\n')) {
    const [, local = '', , , , timer = ''] = line.trim().split(/\s+/);
    const [kind, ticks = ''] = timer.split(':');
    if (!local.endsWith(port) || kind !== KEEP_ALIVE_TIMER) continue;
    return Number.parseInt(ticks, 16) / TICKS_PER_SECOND;
  }
  return null;
}

describe('a connection to PostgreSQL', () => {
  it('asks a silent server for a sign of life within half a minute, not within two hours', async () => {
    const database = await createTestDatabase();
    const client = await connect({ url: database.url, job: 'test' });
    onTestFinished(() => disconnect(client));
    const { rows } = await client.query<{ port: number }>('select inet_client_port() as port');
    const seconds = await secondsToProbe(rows[0]?.port ?? 0);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(30);
  });
});
