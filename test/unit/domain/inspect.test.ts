/** What is made of the figures that `tierd inspect` reads: where `ok` ends, and which line comes next. */
import { describe, expect, it } from 'vitest';
import { judgeBloat } from '../../../src/domain/inspect/bloat.ts';
import { judgeCompression } from '../../../src/domain/inspect/compression.ts';
import { judgeConnectionUse } from '../../../src/domain/inspect/connections.ts';
import type { Judged } from '../../../src/domain/inspect/finding.ts';
import { type IndexUse, judgeIndexes } from '../../../src/domain/inspect/indexes.ts';
import { judgeLocks, type LockWait } from '../../../src/domain/inspect/locks.ts';
import { judgePrepared } from '../../../src/domain/inspect/prepared.ts';
import { judgeQueries } from '../../../src/domain/inspect/queries.ts';
import { judgeReplication } from '../../../src/domain/inspect/replication.ts';
import { judgeTransactions } from '../../../src/domain/inspect/transactions.ts';
import { judgeVacuum } from '../../../src/domain/inspect/vacuum.ts';
import { judgeWal } from '../../../src/domain/inspect/wal.ts';
import { bytesInWords, secondsInWords } from '../../../src/domain/inspect/words.ts';
import { judgeWraparound } from '../../../src/domain/inspect/wraparound.ts';

const verdicts = ({ findings }: Judged): readonly string[] =>
  findings.map(({ verdict }) => verdict);
const nexts = ({ findings }: Judged): readonly (string | null)[] =>
  findings.map(({ next }) => next);

const TICKS = { schema: 'public', name: 'ticks' };
const GB = 1024 ** 3;

it.each([
  [74, 'ok'],
  [75, 'look'],
  [90, 'act'],
])('connections: %i of 100 that roles may have are %s', (used, verdict) => {
  const counts = { active: 1, idle: used - 1, idleInTransaction: 0, hidden: 0, applications: [] };
  expect(verdicts(judgeConnectionUse({ max: 103, reserved: 3, used, ...counts }))).toEqual([
    verdict,
  ]);
});

describe('locks', () => {
  const wait = (waiter: number, blocker: number, waitSeconds: number): LockWait => ({
    waiter,
    blocker,
    waitSeconds,
    mode: 'AccessShareLock',
    relation: 'public.ticks',
    waiterApplication: '',
    blockerApplication: 'psql',
    blockerState: blocker === 4 ? 'active' : 'idle in transaction',
    blockerSeconds: 100,
    blockerQuery: 'lock table ticks',
  });

  it('are told of the one at the head of the queue, with all that wait behind it', () => {
    const judged = judgeLocks([wait(2, 1, 50), wait(3, 2, 61), wait(9, 4, 6)]);
    expect(judged.findings.map(({ subject }) => subject)).toEqual(['pid 1 (psql)', 'pid 4 (psql)']);
    expect(verdicts(judged)).toEqual(['act', 'look']);
    expect(judged.findings[0]?.figures).toMatchObject({ sessions_waiting: 2 });
    expect(nexts(judged)).toEqual([
      'select pg_terminate_backend(1)',
      'select pg_cancel_backend(4)',
    ]);
  });

  it('in a circle are left to the server, and of a prepared transaction name where to look', () => {
    expect(verdicts(judgeLocks([wait(1, 2, 1), wait(2, 1, 1)]))).toEqual(['ok']);
    expect(nexts(judgeLocks([wait(1, 0, 70)]))[0]).toContain('pg_prepared_xacts');
  });
});

it.each([
  ['active', 899, 0, 'ok'],
  ['active', 900, 0, 'look'],
  ['active', 14_400, 0, 'act'],
  ['idle in transaction', 61, 60, 'look'],
  ['idle in transaction (aborted)', 3_700, 3_600, 'act'],
])('transactions: %s for %i s, so for %i s, is %s', (state, seconds, stateSeconds, verdict) => {
  const who = { pid: 7, application: 'dump', role: 'ann', database: 'market', query: 'select 1' };
  const judged = judgeTransactions([{ ...who, state, seconds, stateSeconds, snapshotAge: 5 }], 2);
  expect(verdicts(judged)).toEqual([verdict]);
  expect(judged.unseen).toHaveLength(1);
});

it.each([
  [59, 'ok', null],
  [60, 'look', "rollback prepared 'it''s'"],
  [3_600, 'act', "rollback prepared 'it''s'"],
])('prepared transactions: after %i s %s', (seconds, verdict, next) => {
  const judged = judgePrepared([{ gid: "it's", owner: 'a', database: 'b', seconds, isHere: true }]);
  expect([verdicts(judged), nexts(judged)]).toEqual([[verdict], [next]]);
});

describe('the log', () => {
  const slot = {
    name: 's',
    kind: 'physical',
    temporary: false,
    walStatus: 'reserved',
    xminAge: null,
    catalogXminAge: null,
  };
  const archiver = { mode: 'off', failed: 0, failingSeconds: null };

  it.each([
    [{ ...slot, active: true, keptBytes: GB - 1 }, 'ok'],
    [{ ...slot, active: true, keptBytes: GB }, 'look'],
    [{ ...slot, active: false, keptBytes: 0 }, 'look'],
    [{ ...slot, active: false, keptBytes: GB }, 'act'],
    [{ ...slot, active: false, keptBytes: null, walStatus: null }, 'ok'],
    [{ ...slot, active: true, keptBytes: 1, walStatus: 'unreserved' }, 'act'],
    [{ ...slot, active: true, keptBytes: 1, catalogXminAge: 60_000_000 }, 'act'],
  ])('with slot %j is %s', (one, verdict) => {
    expect(verdicts(judgeWal({ slots: [one], archiver }))).toEqual([verdict]);
  });

  it('is acted on where its archive fails', () => {
    const failing = { mode: 'on', failed: 3, failingSeconds: 40 };
    expect(verdicts(judgeWal({ slots: [], archiver: failing }))).toEqual(['act']);
    expect(verdicts(judgeWal({ slots: [], archiver }))).toEqual(['ok']);
  });
});

it.each([
  [0, 0, 'ok'],
  [0, 60, 'look'],
  [2 * GB, 0, 'act'],
])('replication: %i bytes and %i s behind is %s', (lagBytes, lagSeconds, verdict) => {
  const replica = { name: 'b', state: 'streaming', syncState: 'async', feedbackAge: null };
  const replicas = [{ ...replica, lagBytes, lagSeconds }];
  expect(verdicts(judgeReplication({ replicas, ownDelaySeconds: null, isStandby: false }))).toEqual(
    [verdict],
  );
});

it.each([
  [239_000_000, 'ok'],
  [240_000_000, 'look'],
  [1_100_000_000, 'act'],
])('wraparound: at an age of %i is %s', (age, verdict) => {
  const judged = judgeWraparound({
    freezeMaxAge: 200_000_000,
    multixactFreezeMaxAge: 400_000_000,
    databases: [{ name: "o'brien", age, multixactAge: 1, isHere: false }],
    tables: [],
  });
  expect(verdicts(judged)).toEqual([verdict]);
  if (verdict !== 'ok') expect(nexts(judged)[0]).toContain(String.raw`--dbname 'o'\''brien'`);
});

describe('slow queries', () => {
  const lacking = (kind: 'not loaded', preloaded: string | null) =>
    judgeQueries({
      standing: { kind, preloaded },
      versionNumber: 170_000,
      statements: [],
      hidden: 0,
    });

  it('where nothing counts them: the line keeps what is preloaded already', () => {
    expect(nexts(lacking('not loaded', 'timescaledb'))).toEqual([
      'alter system set shared_preload_libraries = "timescaledb", "pg_stat_statements"',
    ]);
    expect(nexts(lacking('not loaded', ''))).toEqual([
      'alter system set shared_preload_libraries = "pg_stat_statements"',
    ]);
    // Not to be overwritten unseen.
    expect(nexts(lacking('not loaded', null))).toEqual(['show shared_preload_libraries']);
  });

  it.each([
    [150_000, 'select a from t where b = $1', /^select query from pg_stat_statements/],
    [160_000, 'select a from t where b = $1', /^explain \(generic_plan\) select a/],
    [160_000, 'select a -- why\nfrom t', /^select query from pg_stat_statements/],
  ])('on version %i, of %j, have a line to run', (versionNumber, text, next) => {
    const slow = { id: '1', text, calls: 1, totalMs: 5_000, meanMs: 1_000, rows: 1, share: 1 };
    const judged = judgeQueries({
      standing: { kind: 'there' },
      versionNumber,
      statements: [slow, { ...slow, meanMs: 999 }],
      hidden: 0,
    });
    expect(verdicts(judged)).toEqual(['look']);
    expect(nexts(judged)[0]).toMatch(next);
  });
});

describe('indexes', () => {
  const index: IndexUse = {
    table: TICKS,
    kind: 'plain',
    index: { schema: 'public', name: 'i' },
    definition: 'btree (a)',
    parts: 1,
    bytes: GB,
    scans: 0,
    isNeeded: false,
    isValid: true,
    sameAs: null,
  };
  const judge = (one: Partial<IndexUse>, countedSeconds: number | null = null) =>
    judgeIndexes({ indexes: [{ ...index, ...one }], all: 1, countedSeconds, standbys: 1 });

  it('that nobody used are told of once there was time to use them', () => {
    expect(nexts(judge({}))).toEqual(['drop index concurrently "public"."i"']);
    expect(judge({}).findings[0]?.found).toContain('standby');
    expect([verdicts(judge({}, 3_600)), nexts(judge({}, 3_600))]).toEqual([['ok'], [null]]);
    expect(nexts(judge({ kind: 'hypertable' }))).toEqual(['drop index "public"."i"']);
  });

  it('that are needed, used or small are not', () => {
    for (const one of [{ isNeeded: true }, { scans: 1 }, { bytes: 1 }]) {
      expect(verdicts(judge(one))).toEqual(['ok']);
      expect(nexts(judge(one))).toEqual([null]);
    }
  });
});

it.each([
  [200, false, 'look'],
  [1_000, false, 'act'],
  [200, true, 'act'],
])('vacuum: %i dead rows where 200 are waited for, off %s, is %s', (dead, off, verdict) => {
  const table = { root: TICKS, table: TICKS, live: 1, dead, threshold: 200, vacuumedSeconds: null };
  const judged = judgeVacuum({
    tables: [{ ...table, autovacuumOff: off }],
    all: 1,
    live: 1,
    dead,
    autovacuum: true,
    trackCounts: true,
    workers: 0,
    maxWorkers: 3,
    holder: 'the replication slot s',
  });
  expect(verdicts(judged)).toEqual([verdict]);
  expect(judged.findings[0]?.found).toContain('the replication slot s may keep them');
});

it.each([
  [GB, 0.7 * GB, 'ok'],
  [GB, 0.5 * GB, 'look'],
  [20 * GB, 2 * GB, 'act'],
  [10 * 1024 ** 2, 0, 'ok'],
])('bloat: %i bytes for %i is %s', (bytes, expectedBytes, verdict) => {
  const one = { kind: 'index', relation: TICKS, root: TICKS, bytes, expectedBytes } as const;
  expect(verdicts(judgeBloat({ relations: [one], unknown: 0 }))).toEqual([verdict]);
});

it('compression: half of what it was is poor, and each chunk has its ratio', () => {
  const chunk = { chunk: TICKS, beforeBytes: GB, afterBytes: 0.6 * GB };
  const judged = judgeCompression({
    kind: 'community',
    hypertables: [
      {
        hypertable: TICKS,
        chunks: 2,
        compressed: 1,
        beforeBytes: GB,
        afterBytes: 0.6 * GB,
        worst: [chunk],
      },
    ],
  });
  expect(verdicts(judged)).toEqual(['look', 'ok']);
  expect(judged.findings[1]?.found).toContain('1.7 to 1');
});

it('figures are in words', () => {
  expect([0, 1_023, 1_024, 1.5 * GB].map(bytesInWords)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 KB',
    '1.5 GB',
  ]);
  expect([119, 120, 7_200, 200_000].map(secondsInWords)).toEqual([
    '119 s',
    '2 min',
    '2.0 h',
    '2.3 d',
  ]);
});
