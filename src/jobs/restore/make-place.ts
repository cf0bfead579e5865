/** Where rows of a slice go: partitions that a move dropped, and a chunk that is not there yet, are made before they come. */
import type pg from 'pg';
import { type ErrorCode, TierdError } from '../../domain/errors.ts';
import { formatRange, msOfUs } from '../../domain/time/time-range.ts';
import {
  hasChunkFor,
  isCutByTimeAlone,
  makeChunkAt,
  type RowTimes,
} from '../../hot/timescale/make-chunk.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { makePartitions } from '../../hot/write/make-partitions.ts';
import { assertLease } from '../../ledger/lease.ts';
import type { LiveSlice } from '../../ledger/replaced-slices.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import type { RestoreContext, RestoreRooms, SliceWork } from './rooms.ts';

/** What else was in the way of a chunk is met again, and told, when the rows come. Who holds a lock was waited for. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['LEASE_LOST', 'LOCK_TIMEOUT']);

/**
 * In a short transaction of its own: whoever makes a chunk keeps others from it, and tables that a partition refers to
 * are locked against writers, until COMMIT.
 *
 * @returns whether there is a place now; a hypertable may have to make a chunk of the rows as they come
 * @throws TierdError LEASE_LOST, LOCK_TIMEOUT and what PostgreSQL objects to partitions with
 */
export async function makePlace(
  rooms: RestoreRooms,
  run: RestoreContext,
  db: pg.Client,
  { planned, slice }: SliceWork,
): Promise<boolean> {
  const { dataset, request, table } = run;
  if (request.into !== null) return true;
  const told = `${dataset.name} ${formatRange(planned.range)}`;
  if (planned.partitions.length > 0) {
    await briefly(rooms, run, db, `making partitions of ${told}`, async () => {
      const patience = { lockTimeoutMs: rooms.settings.lockTimeoutMs, signal: run.signal };
      await makePartitions(db, planned.partitions, patience);
    });
  }
  if (table.kind !== 'hypertable') return true;
  return briefly(rooms, run, db, `making a chunk of ${told}`, () =>
    makeChunk(run, db, timesOf(slice)),
  ).catch((error: unknown) => {
    if (error instanceof TierdError && FINAL.has(error.code)) throw error;
    return false;
  });
}

async function makeChunk(
  { table, firesTriggers }: RestoreContext,
  db: pg.Client,
  times: RowTimes,
): Promise<boolean> {
  if (!(await isCutByTimeAlone(db, table))) return false;
  if (await hasChunkFor(db, table, times)) return true;
  // One of a statement would fire for the COPY that brings no row.
  if (firesTriggers) return false;
  await makeChunkAt(db, table, times.first);
  return hasChunkFor(db, table, times);
}

function briefly<Result>(
  rooms: RestoreRooms,
  run: RestoreContext,
  db: pg.Client,
  doing: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const limits = limitsUnderLease(rooms.settings);
  const options = { doing, isolation: 'read committed', readOnly: false, limits } as const;
  return inTransaction(db, options, async () => {
    const result = await work();
    await assertLease(db, run.lease);
    return result;
  });
}

function timesOf({ segments }: LiveSlice): RowTimes {
  const first = Math.min(...segments.map(({ minTimeUs }) => msOfUs(minTimeUs)));
  const last = Math.max(...segments.map(({ maxTimeUs }) => msOfUs(maxTimeUs)));
  return { first, last };
}
