import type pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { beginJobRun, daemonLease } from '../../../src/ledger/job-runs.ts';
import { acquireLease } from '../../../src/ledger/lease.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import {
  knowsPauses,
  listPauses,
  pause,
  readDatasetPause,
  resume,
} from '../../../src/ledger/pauses.ts';
import { createTestDatabase } from '../../support/database.ts';

let db: pg.Client;
const ROTATE = { kind: 'job', owner: 'default', job: 'rotate' } as const;
const TICKS = { kind: 'dataset', dataset: 'ticks' } as const;

beforeAll(async () => {
  db = await (await createTestDatabase()).connect();
  expect(await knowsPauses(db)).toBe(false);
  await migrate(db);
  expect(await knowsPauses(db)).toBe(true);
});
beforeEach(async () => {
  await db.query('truncate tierd.paused_jobs, tierd.paused_datasets, tierd.leases, tierd.job_runs');
});

describe('a pause', () => {
  it('is there from the first who asks until it is resumed', async () => {
    const first = await pause(db, TICKS, 'ann\0@here');
    expect(first).toEqual({
      since: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      by: 'ann@here',
    });
    expect(await pause(db, TICKS, 'bob')).toEqual(first);
    expect(await readDatasetPause(db, 'ticks')).toEqual(first);
    expect(await readDatasetPause(db, 'bars')).toBeNull();
    expect(await resume(db, TICKS)).toBe(true);
    expect(await resume(db, TICKS)).toBe(false);
    expect(await readDatasetPause(db, 'ticks')).toBeNull();
  });

  it('of a job is one owner’s, of a dataset everybody’s', async () => {
    const job = await pause(db, ROTATE, 'ann');
    const dataset = await pause(db, TICKS, 'ann');
    expect(await listPauses(db, 'default')).toEqual({
      jobs: { rotate: job },
      datasets: { ticks: dataset },
    });
    expect(await listPauses(db, 'other')).toEqual({ jobs: {}, datasets: { ticks: dataset } });
    expect(await resume(db, { ...ROTATE, owner: 'other' })).toBe(false);
    expect(await resume(db, ROTATE)).toBe(true);
  });
});

describe('a run of a paused job', () => {
  it('is begun for a person only', async () => {
    const lease = await acquireLease(db, {
      dataset: daemonLease('default'),
      holder: 'one',
      ttlMs: 60_000,
    });
    const begin = (cause: string, owner = 'default'): Promise<string | null> =>
      beginJobRun(db, lease, { owner, job: 'rotate', cause, slotMs: null, startedAtMs: 0 });
    await pause(db, ROTATE, 'ann');
    for (const cause of ['schedule', 'catch_up', 'loop']) expect(await begin(cause)).toBeNull();
    expect(await begin('manual')).toMatch(/^\d+$/);
    expect(await begin('schedule', 'other')).toMatch(/^\d+$/);
    await resume(db, ROTATE);
    expect(await begin('schedule')).toMatch(/^\d+$/);
  });
});
