import { readdirSync } from 'node:fs';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { statesBefore } from '../../../src/domain/plan/move.ts';
import {
  acquireLease,
  assertLease,
  readLease,
  releaseLease,
  renewLease,
} from '../../../src/ledger/lease.ts';
import { migrate, migrationStatus } from '../../../src/ledger/migrate.ts';
import { beginMove, lookAtMove, stepMove, unfinishedMoves } from '../../../src/ledger/moves.ts';
import {
  abandonRuns,
  finishRun,
  lastRunStart,
  listRuns,
  startRun,
} from '../../../src/ledger/runs.ts';
import {
  abandonedKeys,
  abandonSegments,
  announceSlice,
  coldTotals,
  forgetAbandoned,
  listSegments,
  type NewSlice,
  nextGeneration,
  publishSegments,
} from '../../../src/ledger/segments.ts';
import { listMovedSince } from '../../../src/ledger/survey.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const DAY = {
  fromInclusive: Date.UTC(2026, 0, 15),
  toExclusive: Date.UTC(2026, 0, 16),
};

const ALL = readdirSync(new URL('../../../migrations', import.meta.url))
  .filter((file) => /^\d+_.*\.sql$/.test(file))
  .map((file) => file.replace('.sql', ''))
  .sort();

let database: TestDatabase;
let db: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  db = await database.connect();
});

describe('migrations', () => {
  it('are all pending in a database that never saw tierd, and none afterwards', async () => {
    expect((await migrationStatus(db)).pending).toEqual(ALL);
    expect(await migrate(db)).toEqual(ALL);
    expect(await migrate(db)).toEqual([]);
    expect(await migrationStatus(db)).toEqual({
      applied: ALL,
      pending: [],
    });
  });
});

describe('a lease (I8)', () => {
  it('is held by one at a time, and its token grows', async () => {
    const first = await acquireLease(db, {
      dataset: 'one',
      holder: 'a',
      ttlMs: 60_000,
    });
    await expect(
      acquireLease(db, { dataset: 'one', holder: 'b', ttlMs: 60_000 }),
    ).rejects.toMatchObject({ code: 'LEASE_HELD', context: { holder: 'a' } });
    await releaseLease(db, first);
    const second = await acquireLease(db, {
      dataset: 'one',
      holder: 'b',
      ttlMs: 60_000,
    });
    expect(second.token).toBe(first.token + 1n);
  });

  it('that was taken over can be neither renewed nor committed under', async () => {
    const old = await acquireLease(db, {
      dataset: 'two',
      holder: 'a',
      ttlMs: 0,
    });
    await acquireLease(db, { dataset: 'two', holder: 'b', ttlMs: 60_000 });
    await expect(renewLease(db, old, 60_000)).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    await expect(assertLease(db, old)).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    await releaseLease(db, old);
    expect(await readLease(db, 'two')).toMatchObject({
      holder: 'b',
      held: true,
    });
  });

  it('can not be taken between the fencing check and the commit', async () => {
    const held = await acquireLease(db, {
      dataset: 'three',
      holder: 'a',
      ttlMs: 0,
    });
    const other = await database.connect();
    await db.query('begin');
    await assertLease(db, held);
    await other.query(`set lock_timeout = '100ms'`);
    await expect(
      acquireLease(other, { dataset: 'three', holder: 'b', ttlMs: 60_000 }),
    ).rejects.toMatchObject({ code: '55P03' });
    await db.query('commit');
    await acquireLease(other, { dataset: 'three', holder: 'b', ttlMs: 60_000 });
  });

  it('taken by two at the same instant goes to one of them', async () => {
    const clients = await Promise.all([database.connect(), database.connect(), database.connect()]);
    const taken = await Promise.allSettled(
      clients.map((client, n) =>
        acquireLease(client, {
          dataset: 'four',
          holder: String(n),
          ttlMs: 60_000,
        }),
      ),
    );
    expect(taken.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(1);
  });
});

describe('runs', () => {
  it('remember the clock they were planned by, and end once', async () => {
    const startedAtMs = Date.UTC(2026, 5, 1, 2, 0, 0, 123);
    const id = await startRun(db, {
      job: 'rotate',
      dataset: 'runs',
      holder: 'a',
      isByHand: true,
      startedAtMs,
    });
    expect(await lastRunStart(db, 'rotate', 'runs')).toBe(startedAtMs);
    await finishRun(db, id, { state: 'done', rowsMoved: 5n, bytesWritten: 7n });
    await finishRun(db, id, {
      state: 'failed',
      rowsMoved: 0n,
      bytesWritten: 0n,
    });
    expect(await abandonRuns(db, 'rotate', 'runs')).toBe(0);
    const [run] = await listRuns(db, { dataset: 'runs', limit: 5 });
    expect(run).toMatchObject({
      state: 'done',
      rowsMoved: 5n,
      startedAt: '2026-06-01T02:00:00.123Z',
    });
  });

  it('are listed newest first, also beyond the tenth', async () => {
    const started: bigint[] = [];
    for (let n = 0; n < 12; n += 1) {
      const run = { job: 'rotate', dataset: 'many', holder: 'a', isByHand: true, startedAtMs: n };
      started.push(await startRun(db, run));
    }
    const listed = await listRuns(db, { dataset: 'many', limit: 3 });
    expect(listed.map((run) => run.id)).toEqual(started.reverse().slice(0, 3));
  });

  it('that were refused are no measure of the clock, nor is one that another run put right', async () => {
    const run = async (startedAtMs: number, state: 'done' | 'refused'): Promise<void> => {
      const id = await startRun(db, {
        job: 'rotate',
        dataset: 'clock',
        holder: 'a',
        isByHand: true,
        startedAtMs,
      });
      await finishRun(db, id, { state, rowsMoved: 0n, bytesWritten: 0n });
    };
    await run(5_000, 'done');
    await run(9_000, 'refused');
    expect(await lastRunStart(db, 'rotate', 'clock')).toBe(5_000);
    await run(4_000, 'done');
    expect(await lastRunStart(db, 'rotate', 'clock')).toBe(4_000);
  });
});

describe('a move', () => {
  let count = 0;
  async function publishing(dataset: string): Promise<{
    id: string;
    key: string;
    slice: NewSlice;
    lease: Awaited<ReturnType<typeof acquireLease>>;
  }> {
    count += 1;
    const id = `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`;
    const lease = await acquireLease(db, { dataset, holder: 'a', ttlMs: 0 });
    const runId = await startRun(db, {
      job: 'rotate',
      dataset,
      holder: 'a',
      isByHand: true,
      startedAtMs: 0,
    });
    await beginMove(db, lease, { id, runId, removal: 'delete', range: DAY });
    const key = `${dataset}/${String(count)}.parquet`;
    const slice: NewSlice = {
      range: DAY,
      generation: await nextGeneration(db, dataset, DAY),
      rows: 3n,
      fingerprint: { rows: 3, rowHash: '0'.repeat(16), columns: [] },
      columns: [
        {
          name: 'time',
          postgresType: 'timestamp with time zone',
          held: { kind: 'timestamptz' },
          select: '"time"',
          duckdbType: 'TIMESTAMP WITH TIME ZONE',
        },
      ],
      segments: [
        {
          key,
          bytes: 10n,
          sha256: 'a'.repeat(64),
          rows: 3n,
          minTimeUs: 1n,
          maxTimeUs: 2n,
          statistics: {},
          counts: null,
          footerBytes: null,
        },
      ],
    };
    await announceSlice(db, lease, id, slice);
    await stepMove(db, id, 'staged', { rows: 3n, sourceDigest: '42' });
    return { id, key, slice, lease };
  }

  it('is invisible to readers until it is committed, and then live as a whole (I2)', async () => {
    const { id, key } = await publishing('seen');
    const live = { dataset: 'seen', states: ['live'] as const };
    expect(await listSegments(db, live)).toEqual([]);
    await db.query('begin');
    await publishSegments(db, id);
    await stepMove(db, id, 'commit');
    expect(await listSegments(await database.connect(), live)).toEqual([]);
    await db.query('commit');
    const [segment] = await listSegments(db, live);
    expect(segment).toMatchObject({
      key,
      rows: 3n,
      minTimeUs: 1n,
      columns: [{ name: 'time' }],
    });
    expect(await coldTotals(db)).toContainEqual({
      dataset: 'seen',
      segments: 1,
      rows: 3n,
      bytes: 10n,
      oldestUs: 1n,
      newestUs: 2n,
    });
    expect(await nextGeneration(db, 'seen', DAY)).toBe(2);
    expect(await unfinishedMoves(db, 'seen')).toMatchObject([{ id, state: 'committed' }]);
  });

  it('that was abandoned can not be committed, and leaves its generation free (I4)', async () => {
    const { id, key } = await publishing('left');
    await stepMove(db, id, 'abandon');
    await abandonSegments(db, id);
    await expect(stepMove(db, id, 'commit')).rejects.toMatchObject({
      code: 'MOVE_NOT_OURS',
    });
    expect(await nextGeneration(db, 'left', DAY)).toBe(1);
    expect(await abandonedKeys(db, 'left')).toEqual([key]);
    await forgetAbandoned(db, 'left', [key], 60_000);
    expect(await abandonedKeys(db, 'left')).toEqual([key]);
    await forgetAbandoned(db, 'left', [key], -1000);
    expect(await abandonedKeys(db, 'left')).toEqual([]);
  });

  it('counts as moved in a run whose process died, where it was committed', async () => {
    const { id } = await publishing('died');
    await stepMove(db, id, 'commit');
    await abandonRuns(db, 'rotate', 'died');
    const dead = { state: 'abandoned', rowsMoved: 3n, bytesWritten: 10n };
    expect(await listRuns(db, { dataset: 'died', limit: 1 })).toMatchObject([dead]);
    // The next one ends a move of its own, and leaves one that never came to its commit.
    const { id: finished } = await publishing('died');
    await stepMove(db, finished, 'commit');
    await stepMove(db, finished, 'vacuumed');
    await publishing('died');
    await abandonRuns(db, 'rotate', 'died');
    expect(await listRuns(db, { dataset: 'died', limit: 3 })).toMatchObject([
      { state: 'abandoned', rowsMoved: 0n, bytesWritten: 0n },
      dead,
      dead,
    ]);
    const moved = await listMovedSince(db, 0);
    expect(moved.map(({ rows, bytes }) => [rows, bytes])).toContainEqual([3, 10]);
  });

  it('that was committed can not be abandoned (I1)', async () => {
    const { id } = await publishing('kept');
    await stepMove(db, id, 'commit');
    await expect(stepMove(db, id, 'abandon')).rejects.toMatchObject({
      code: 'MOVE_NOT_OURS',
    });
    expect(statesBefore('abandon')).not.toContain('committed');
  });

  it('is looked at only after a commit under way has ended (I9)', async () => {
    const { id } = await publishing('wait');
    const other = await database.connect();
    await other.query('begin');
    await stepMove(other, id, 'commit');
    const look = lookAtMove(db, id);
    await expect
      .poll(async () => {
        const waiting = await database.query(
          `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        );
        return (waiting.rows[0] as { n: number }).n;
      })
      .toBe(1);
    await other.query('commit');
    expect(await look).toBe('committed');
  });

  it('does not begin under a token that is no longer the newest (I8)', async () => {
    const { lease } = await publishing('fenced');
    await acquireLease(db, { dataset: 'fenced', holder: 'b', ttlMs: 0 });
    const runId = await startRun(db, {
      job: 'rotate',
      dataset: 'fenced',
      holder: 'a',
      isByHand: true,
      startedAtMs: 0,
    });
    await expect(
      beginMove(db, lease, {
        id: '00000000-0000-4000-8000-00000000ffff',
        runId,
        removal: 'drop',
        range: DAY,
      }),
    ).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });
});
