/**
 * Segments of the lake retire, and those that a move published take their place: in one transaction of the
 * ledger, with an Iceberg snapshot and an entry of the audit log (I2). No row of the hot store is touched, and
 * no file removed (I3).
 */
import type pg from 'pg';
import type { NextSnapshot } from '../catalogue/next-snapshot.ts';
import type { AuditEntry } from '../domain/audit.ts';
import type { MoveEvent } from '../domain/plan/move.ts';
import { inTransaction } from '../hot/transaction.ts';
import { addAuditEntry, publishedSegments } from '../ledger/audit.ts';
import { assertLease } from '../ledger/lease.ts';
import { stepMove } from '../ledger/moves.ts';
import { retireSegments } from '../ledger/replaced-slices.ts';
import { publishSegments } from '../ledger/segments.ts';
import { actorOf } from './audit/actor.ts';
import { limitsUnderLease } from './limits-under-lease.ts';
import { commitSnapshot } from './rotation/iceberg/commit-snapshot.ts';
import { prepareSnapshot } from './rotation/iceberg/prepare-snapshot.ts';
import { showByPath } from './rotation/iceberg/show-by-path.ts';
import { assertStillOwnLake } from './rotation/own-lake.ts';
import type { JobRooms } from './rotation/rooms.ts';
import type { RunContext } from './rotation/staged-move.ts';

export interface Swap {
  /** Of the move, whose segments lie in the lake, proven. */
  readonly id: string;
  /** In messages: `merging ticks 2024-01`. */
  readonly doing: string;
  /** Live segments that retire. */
  readonly goneKeys: readonly string[];
  /** The new segments hold the rows of those that retire, and no others. */
  readonly isSameRows?: boolean;
  /** That the move has yet to take: it is at its end then. */
  readonly steps: readonly MoveEvent[];
  /** First in the transaction; what it throws undoes all. */
  readonly check?: (db: pg.Client) => Promise<void>;
  /** What the audit log says beside who did it, when, and to which segments. */
  readonly entry: Pick<AuditEntry, 'action' | 'ranges' | 'rows' | 'slices' | 'facts'>;
}

/**
 * Throws what `check` throws, MOVE_NOT_OURS, LAKE_FULL, LAKE_NOT_OWNED or LEASE_LOST: the slices are as they were.
 * OUTCOME_UNKNOWN: look before doing anything.
 */
export async function swapSegments(
  rooms: JobRooms,
  run: RunContext,
  db: pg.Client,
  swap: Swap,
): Promise<void> {
  const { id, goneKeys, isSameRows = false } = swap;
  const { dataset } = run;
  const iceberg = dataset.iceberg
    ? await prepareSnapshot(rooms, run, db, { moveId: id, goneKeys, isSameRows })
    : null;
  await commitSwap(rooms, run, db, swap, iceberg);
  // Readers by path see it at the latest when the next run begins.
  if (iceberg !== null) await showByPath(rooms, db, dataset.name).catch(() => undefined);
}

async function commitSwap(
  rooms: JobRooms,
  { dataset, lease, runId }: RunContext,
  db: pg.Client,
  { id, doing, goneKeys, steps, check, entry }: Swap,
  iceberg: NextSnapshot | null,
): Promise<void> {
  await inTransaction(
    db,
    {
      doing,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      await check?.(db);
      await publishSegments(db, id);
      await retireSegments(db, dataset.name, goneKeys);
      if (iceberg !== null) await commitSnapshot(rooms, db, dataset.name, iceberg);
      // Nothing left the hot store, so nothing is to be vacuumed: the move is at its end.
      for (const step of steps) await stepMove(db, id, step);
      const published = await publishedSegments(db, id);
      await addAuditEntry(db, {
        ...entry,
        chain: dataset.name,
        at: rooms.clock.now(),
        by: actorOf(rooms),
        runId,
        id,
        ...(published.length === 0 ? {} : { published }),
        retired: goneKeys,
      });
      await assertStillOwnLake(rooms, db);
      // Last, for its lock keeps anybody from taking the lease until COMMIT has ended (I8).
      await assertLease(db, lease);
    },
  );
}
