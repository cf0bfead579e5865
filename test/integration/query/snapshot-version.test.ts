/** An answer says of which state of the lake it is. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import {
  formatSnapshotVersion,
  type SnapshotVersion,
} from '../../../src/domain/lake/snapshot-version.ts';
import { DAY_MS } from '../../../src/domain/time/time-range.ts';
import { rotateDataset } from '../../../src/jobs/rotate.ts';
import { acquireLease } from '../../../src/ledger/lease.ts';
import { migrate } from '../../../src/ledger/migrate.ts';
import { beginMove, stepMove } from '../../../src/ledger/moves.ts';
import { startRun } from '../../../src/ledger/runs.ts';
import { announceSlice, publishSegments } from '../../../src/ledger/segments.ts';
import { readSnapshotVersion } from '../../../src/ledger/snapshot-version.ts';
import { askStores } from '../../support/ask-stores.ts';
import { createTestDatabase } from '../../support/database.ts';
import { daysAgo, makeDataset, NOW, openBench } from '../../support/rotation.ts';

describe('I11: the version of a snapshot', () => {
  test('stays while rows come, and changes with each move that is committed', async () => {
    const database = await createTestDatabase();
    const db = await database.connect();
    let now = NOW;
    const bench = await openBench(database, { clock: { now: () => now } });
    const dataset = makeDataset('ticks');
    await database.query('create table ticks (time timestamptz not null, symbol text)');
    const insert = (day: number) =>
      db.query(`insert into ticks values ($1::timestamptz + interval '1 hour', 'a')`, [
        daysAgo(day),
      ]);
    const versionOf = async (sql: string): Promise<SnapshotVersion> =>
      (await askStores(bench, db, [dataset], sql)).summary.version;
    for (const day of [32, 31, 30, 29]) await insert(day);

    expect(await versionOf('from ticks')).toEqual({ epoch: 0, moves: 0, newestMove: null });
    await rotateDataset(bench.rooms, dataset, { force: true });
    const first = await versionOf('from ticks');
    expect(first).toMatchObject({ epoch: 1, newestMove: expect.any(String) });
    expect(first.moves).toBeGreaterThan(0);

    await insert(2);
    expect(await versionOf('from ticks')).toEqual(first);
    expect(await versionOf('select 1')).toEqual(first);

    now += DAY_MS;
    await rotateDataset(bench.rooms, dataset, { force: true });
    const second = await versionOf('from ticks');
    expect(second).toMatchObject({ epoch: 1, moves: first.moves + 1 });
    expect(second.newestMove).not.toBe(first.newestMove);
    expect(formatSnapshotVersion(second)).toBe(
      `1.${String(second.moves)}.${second.newestMove?.slice(0, 8) ?? ''}`,
    );
  });

  test('tells two moves that were published in one order and committed in the other', async () => {
    const database = await createTestDatabase();
    const db = await database.connect();
    await migrate(db);
    const commitLater = async (dataset: string): Promise<pg.Client> => {
      const client = await database.connect();
      const lease = await acquireLease(client, { dataset, holder: 'a', ttlMs: 60_000 });
      const runId = await startRun(client, {
        job: 'rotate',
        dataset,
        holder: 'a',
        isByHand: true,
        startedAtMs: NOW,
      });
      const range = { fromInclusive: NOW - DAY_MS, toExclusive: NOW };
      const move = { id: randomUUID(), runId, removal: 'delete' as const, range };
      await beginMove(client, lease, move);
      await announceSlice(client, lease, move.id, {
        range,
        generation: 1,
        rows: 1n,
        fingerprint: { rows: 1, rowHash: '0'.repeat(16), columns: [] },
        columns: [],
        segments: [],
      });
      await stepMove(client, move.id, 'staged');
      await client.query('begin');
      await stepMove(client, move.id, 'commit');
      await publishSegments(client, move.id);
      return client;
    };
    const early = await commitLater('one');
    const late = await commitLater('two');
    await late.query('commit');
    const between = await readSnapshotVersion(db);
    await early.query('commit');
    const after = await readSnapshotVersion(db);
    expect(after.newestMove).toBe(between.newestMove);
    expect(formatSnapshotVersion(after)).not.toBe(formatSnapshotVersion(between));
  });
});
