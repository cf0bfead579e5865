import type pg from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  abandonJobRuns,
  beginJobRun,
  daemonLease,
  endJobRun,
  lastSlots,
} from '../../../src/ledger/job-runs.ts';
import { acquireLease, type Lease, releaseLease } from '../../../src/ledger/lease.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import { listPastRuns } from '../../../src/ledger/run-history.ts';
import { finishRun, startRun } from '../../../src/ledger/runs.ts';
import { createTestDatabase } from '../../support/database.ts';

let db: pg.Client;

beforeAll(async () => {
  const database = await createTestDatabase();
  db = await database.connect();
  await migrate(db);
});
beforeEach(async () => {
  await db.query('truncate tierd.job_runs, tierd.runs, tierd.leases cascade');
});

const owner = 'default';
const lead = (holder: string): Promise<Lease> =>
  acquireLease(db, { dataset: daemonLease(owner), holder, ttlMs: 60_000 });

/** Two leaders, one after the other. */
async function succession(): Promise<{ readonly old: Lease; readonly current: Lease }> {
  const old = await lead('old');
  await releaseLease(db, old);
  return { old, current: await lead('new') };
}

async function begin(lease: Lease, slotMs: number | null = 1_000): Promise<string> {
  const run = { owner, job: 'rotate', cause: 'schedule', slotMs, startedAtMs: 2_000 };
  const id = await beginJobRun(db, lease, run);
  if (id === null) throw new Error('the job is paused');
  return id;
}

const end = (lease: Lease, id: string, state = 'done'): Promise<void> =>
  endJobRun(db, lease, id, {
    state,
    attempts: 2,
    rowsMoved: 7,
    errorCode: null,
    errorMessage: 'with a \0 in it',
  });

const states = async (): Promise<readonly string[]> =>
  (await listPastRuns(db, { job: null, limit: 10 })).map(({ state }) => state);

describe('a run in the ledger', () => {
  it('is there from its begin to its end', async () => {
    const lease = await lead('one');
    const id = await begin(lease);
    expect(await states()).toEqual(['running']);
    await end(lease, id);
    expect(await listPastRuns(db, { job: 'rotate', limit: 10 })).toEqual([
      {
        id,
        owner,
        job: 'rotate',
        subject: null,
        cause: 'schedule',
        slot: '1970-01-01T00:00:01.000Z',
        holder: 'one',
        state: 'done',
        startedAt: '1970-01-01T00:00:02.000Z',
        finishedAt: expect.stringMatching(/Z$/),
        attempts: 2,
        rowsMoved: 7,
        errorCode: null,
        errorMessage: 'with a  in it',
      },
    ]);
    expect(await listPastRuns(db, { job: 'scrub', limit: 10 })).toEqual([]);
  });

  it('that a person typed stands among those of daemons, in order, and is not there twice for one of a daemon', async () => {
    const lease = await lead('one');
    await end(lease, await begin(lease));
    const run = { job: 'rotate', dataset: 'news', holder: 'p' };
    await startRun(db, { ...run, isByHand: false, startedAtMs: 2_000 });
    const typed = await startRun(db, { ...run, isByHand: true, startedAtMs: 3_000 });
    await finishRun(db, typed, { state: 'partly', rowsMoved: 9n, bytesWritten: 0n });
    const past = await listPastRuns(db, { job: null, limit: 10 });
    expect(
      past.map(({ owner: whose, subject, cause, state }) => [whose, subject, cause, state]),
    ).toEqual([
      [null, 'news', 'by_hand', 'partly'],
      [owner, null, 'schedule', 'done'],
    ]);
    expect(past[0]).toMatchObject({ id: `hand-${typed.toString()}`, rowsMoved: 9 });
    // A drain's is named by what it locks.
    await startRun(db, {
      job: 'drain',
      dataset: 'drain:ticks',
      holder: 'p',
      isByHand: true,
      startedAtMs: 1,
    });
    expect(await listPastRuns(db, { job: 'drain', limit: 10 })).toMatchObject([
      { subject: 'ticks' },
    ]);
    expect(await listPastRuns(db, { job: null, limit: 1 })).toHaveLength(1);
  });

  it('I8: is neither begun nor ended by one that no longer leads', async () => {
    const first = await lead('old');
    const id = await begin(first);
    await releaseLease(db, first);
    const current = await lead('new');
    await expect(begin(first)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(end(first, id)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await states()).toEqual(['running']);
    expect(await abandonJobRuns(db, first, owner)).toBe(0);
    expect(await abandonJobRuns(db, current, owner)).toBe(1);
    expect(await states()).toEqual(['abandoned']);
  });

  it('of the leader itself is never abandoned, nor is one that ended ended again', async () => {
    const { current } = await succession();
    const id = await begin(current);
    expect(await abandonJobRuns(db, current, owner)).toBe(0);
    await end(current, id);
    await expect(end(current, id, 'failed')).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await states()).toEqual(['done']);
  });
});

describe('the last slots', () => {
  it('are those of runs that ended by themselves, and those that were begun', async () => {
    const lease = await lead('one');
    await end(lease, await begin(lease, 1_000), 'failed');
    await end(lease, await begin(lease, 5_000), 'interrupted');
    await end(lease, await begin(lease, null));
    expect(await lastSlots(db, owner)).toEqual(
      new Map([['rotate', { servedMs: 1_000, begunMs: 5_000 }]]),
    );
    await end(lease, await begin(lease, 6_000), 'timeout');
    expect((await lastSlots(db, owner)).get('rotate')).toEqual({ servedMs: 6_000, begunMs: 6_000 });
    expect(await lastSlots(db, 'other')).toEqual(new Map());
  });
});
