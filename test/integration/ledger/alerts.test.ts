import type pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ToldAlert } from '../../../src/domain/alert.ts';
import { readToldAlerts, writeToldAlerts } from '../../../src/ledger/alerts.ts';
import { daemonLease } from '../../../src/ledger/job-runs.ts';
import { acquireLease } from '../../../src/ledger/lease.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import { createTestDatabase } from '../../support/database.ts';

let db: pg.Client;
let lease: { readonly dataset: string; readonly token: string };

beforeAll(async () => {
  db = await (await createTestDatabase()).connect();
  await migrate(db);
});
beforeEach(async () => {
  await db.query('truncate tierd.alerts, tierd.leases');
  const dataset = daemonLease('default');
  const { token } = await acquireLease(db, { dataset, holder: 'here:1', ttlMs: 60_000 });
  lease = { dataset, token: token.toString() };
});

const alert = (subject: string, change: Partial<ToldAlert> = {}): ToldAlert => ({
  id: `job_failed:${subject}`,
  kind: 'job_failed',
  severity: 'error',
  subject,
  message: 'no "disk", \\ and {so} on',
  sinceMs: 1_764_000_000_123,
  toldAtMs: 1_764_000_060_456,
  toldTo: ['ops', 'a "pager", {or} so'],
  ...change,
});
const write = (alerts: readonly ToldAlert[]): Promise<boolean> =>
  writeToldAlerts(db, lease, 'default', alerts);

describe('what was told', () => {
  it('comes back as it was written, and what is over is gone', async () => {
    expect(await write([alert('rotate'), alert('scrub', { toldTo: [] })])).toBe(true);
    expect(await readToldAlerts(db, 'default')).toEqual([
      alert('rotate'),
      alert('scrub', { toldTo: [] }),
    ]);
    const later = alert('scrub', { message: 'a\0b', toldAtMs: 1_764_000_090_000 });
    expect(await write([later])).toBe(true);
    expect(await readToldAlerts(db, 'default')).toEqual([{ ...later, message: 'ab' }]);
    expect(await readToldAlerts(db, 'other')).toEqual([]);
    expect(await write([])).toBe(true);
    expect(await readToldAlerts(db, 'default')).toEqual([]);
  });

  it('I8: is not for a daemon to write that leads no more', async () => {
    await write([alert('rotate')]);
    await db.query('update tierd.leases set token = token + 1');
    expect(await write([alert('scrub')])).toBe(false);
    expect(await write([])).toBe(false);
    expect(await readToldAlerts(db, 'default')).toEqual([alert('rotate')]);
  });
});
