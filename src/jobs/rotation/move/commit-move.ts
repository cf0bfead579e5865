/**
 * The one transaction that makes a move true: its segments become live and its rows leave the hot
 * store, or neither happens (I1, I2).
 */
import type pg from 'pg';
import type { NextSnapshot } from '../../../catalogue/next-snapshot.ts';
import { TierdError } from '../../../domain/errors.ts';
import type { ProvenSegments } from '../../../domain/plan/proof.ts';
import { formatRange, type TimeRange } from '../../../domain/time/time-range.ts';
import { keepReadersOut } from '../../../hot/attach/keep-readers-out.ts';
import { deleteRows } from '../../../hot/delete/delete-rows.ts';
import { dropParts } from '../../../hot/delete/drop-parts.ts';
import { assertNotKept } from '../../../hot/delete/kept-rows.ts';
import { assertSameRows, formatDigest } from '../../../hot/measure/digest.ts';
import { inTransaction } from '../../../hot/transaction.ts';
import { addAuditEntry, publishedSegments } from '../../../ledger/audit.ts';
import { findUnsettledSource } from '../../../ledger/drain-sources.ts';
import { recordDropped } from '../../../ledger/dropped-partitions.ts';
import { assertLease } from '../../../ledger/lease.ts';
import { stepMove } from '../../../ledger/moves.ts';
import { holdSegments, retireSegments } from '../../../ledger/replaced-slices.ts';
import { publishSegments } from '../../../ledger/segments.ts';
import { actorOf } from '../../audit/actor.ts';
import { limitsUnderLease } from '../../limits-under-lease.ts';
import { assertStillNoneHeld } from '../again/assert-none-held.ts';
import { commitSnapshot } from '../iceberg/commit-snapshot.ts';
import { assertStillOwnLake } from '../own-lake.ts';
import { filterOf } from '../region-filter.ts';
import type { Rooms } from '../rooms.ts';
import type { MetMove, RunContext } from '../staged-move.ts';
import { pacer } from './pacer.ts';

/**
 * `proven` has one entry for each slice of `staged`, in order, then one for each remainder; only
 * verification makes such values. `iceberg` is the dataset's table as it will be, already written;
 * null where it is none.
 *
 * Throws DIGEST_MISMATCH when the rows are no longer those that were exported, PARTS_CHANGED,
 * ROWS_UNSETTLED, ROWS_KEPT, COLD_DUPLICATES where a hold was set meanwhile, LAKE_NOT_OWNED, LOCK_TIMEOUT or LEASE_LOST: nothing was committed. OUTCOME_UNKNOWN: look before doing anything.
 */
export async function commitMove(
  rooms: Rooms,
  run: RunContext,
  db: pg.Client,
  staged: MetMove,
  proven: readonly ProvenSegments[],
  iceberg: NextSnapshot | null,
): Promise<void> {
  assertProven(staged, proven);
  await inTransaction(
    db,
    {
      doing: `committing ${run.dataset.name} ${formatRange(staged.move.range)}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      await assertStillNoneHeld(rooms, db, run.dataset.name, staged);
      await publishSegments(db, staged.id);
      await retireSegments(db, run.dataset.name, staged.retiredKeys);
      const heldKeys = staged.held.flatMap(({ keys }) => keys);
      await holdSegments(db, run.dataset.name, [...new Set(heldKeys)]);
      if (iceberg !== null) await commitSnapshot(rooms, db, run.dataset.name, iceberg);
      await stepMove(db, staged.id, 'commit');
      await auditMove(rooms, run, db, staged);
      await assertSettled(db, run.dataset.name, staged.move.range);
      await removeRows(rooms, run, db, staged);
      await assertStillOwnLake(rooms, db);
      // After the lake, which may be slow: whoever reads the hypertable waits from here on.
      if (staged.move.removal === 'delete') {
        const { lockTimeoutMs } = rooms.settings;
        await keepReadersOut(db, run.dataset.name, { lockTimeoutMs, signal: run.signal });
      }
      // Last, for its lock keeps anybody from taking the lease until COMMIT has ended (I8).
      await assertLease(db, run.lease);
    },
  );
}

async function auditMove(
  rooms: Rooms,
  run: RunContext,
  db: pg.Client,
  { id, move, source, retiredKeys }: MetMove,
): Promise<void> {
  await addAuditEntry(db, {
    action: 'moved',
    chain: run.dataset.name,
    at: rooms.clock.now(),
    by: actorOf(rooms),
    runId: run.runId,
    id,
    ranges: [move.range],
    rows: source.rows,
    sourceDigest: formatDigest(source),
    published: await publishedSegments(db, id),
    retired: retiredKeys,
  });
}

/** How many rows a single DELETE may take: enough to be fast, few enough to stop between two. */
const MAX_ROWS_PER_STATEMENT = 50_000;

async function removeRows(
  rooms: Rooms,
  run: RunContext,
  db: pg.Client,
  { id, move, source }: MetMove,
): Promise<void> {
  if (move.removal === 'drop') {
    const { partitions } = await dropParts(db, run.table, {
      range: move.range,
      parts: move.parts,
      exported: source,
      method: 'drop',
      lockTimeoutMs: rooms.settings.lockTimeoutMs,
      signal: run.signal,
    });
    if (partitions.length > 0) await recordDropped(db, id, partitions);
    return;
  }
  const { maxRowsPerSecond } = run.dataset.limits;
  const filter = filterOf(run.dataset, move.lane);
  const deleted = await deleteRows(db, run.table, {
    range: move.range,
    filter,
    mode: source.mode,
    maxRowsPerStatement:
      maxRowsPerSecond === 0
        ? MAX_ROWS_PER_STATEMENT
        : Math.min(maxRowsPerSecond, MAX_ROWS_PER_STATEMENT),
    onDeleted: pacer({
      maxRowsPerSecond,
      clock: rooms.clock,
      signal: run.signal,
      sayAlive: async () => {
        await db.query('select');
      },
    }),
    lockTimeoutMs: rooms.settings.lockTimeoutMs,
    signal: run.signal,
  });
  if (deleted.rows < source.rows) await assertNotKept(db, run.table, move.range, filter);
  assertSameRows(run.table.ref, source, deleted);
}

/**
 * A row that Redis may hand out again is known by its key in the table: in the lake it would be doubled.
 * Whatever the export has seen was committed before it, and so was the word that it is unsettled.
 */
async function assertSettled(db: pg.Client, dataset: string, range: TimeRange): Promise<void> {
  const source = await findUnsettledSource(db, dataset, range);
  if (source === null) return;
  throw new TierdError({
    code: 'ROWS_UNSETTLED',
    message: `${dataset} ${formatRange(range)} stays hot: a drain of ${source} that is under way, or was cut off, may bring in rows of it once more; nothing was deleted`,
    hint: `let \`tierd drain ${source}\` come to its end, then rotate again`,
    context: { source },
  });
}

/** The types say that each slice was proven; this says that it was the slices of this move. */
function assertProven(staged: MetMove, proven: readonly ProvenSegments[]): void {
  const { slices, remainders, held, source } = staged;
  const rows = [...proven.slice(0, slices.length), ...held].reduce(
    (sum, slice) => sum + BigInt(slice.rows),
    0n,
  );
  if (proven.length === slices.length + remainders.length && rows === source.rows) return;
  throw new TierdError({
    code: 'INTERNAL',
    message: `${String(proven.length)} slices and ${rows.toString()} rows were proven, and the move has ${String(slices.length + remainders.length)} with ${source.rows.toString()}; nothing was deleted`,
  });
}
