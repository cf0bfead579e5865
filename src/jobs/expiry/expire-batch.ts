/**
 * Slices that are old enough leave the lake in one transaction: retired, with an entry in the audit log and
 * an Iceberg snapshot without them (I2). Their bytes go after the grace period (I3).
 */
import type pg from 'pg';
import type { NextSnapshot } from '../../catalogue/next-snapshot.ts';
import { type ExpirableSlice, rangeOf, rowsOf } from '../../domain/plan/expiry.ts';
import { formatHeld, holdsRange, isHolding } from '../../domain/plan/holds.ts';
import { throwIfRefused, unforceable } from '../../domain/plan/refusal.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { readDatabaseClock } from '../../hot/server/server-facts.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { addAuditEntry } from '../../ledger/audit.ts';
import { freezeHolds, listHolds } from '../../ledger/holds.ts';
import { assertLease } from '../../ledger/lease.ts';
import { beginMove, stepMove } from '../../ledger/moves.ts';
import { findLiveSlices, type LiveSlice, retireSegments } from '../../ledger/replaced-slices.ts';
import { actorOf } from '../audit/actor.ts';
import { asTierdError } from '../job-failure.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import { commitSnapshot } from '../rotation/iceberg/commit-snapshot.ts';
import { prepareSnapshot } from '../rotation/iceberg/prepare-snapshot.ts';
import { showByPath } from '../rotation/iceberg/show-by-path.ts';
import { settleMove } from '../rotation/move/settle-move.ts';
import { assertStillOwnLake } from '../rotation/own-lake.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import { slicesChanged } from '../slices-changed.ts';

/**
 * Throws what kept the slices, which are then as they were: REFUSED where a hold was set meanwhile,
 * MOVE_NOT_OURS, LAKE_NOT_OWNED, LEASE_LOST; OUTCOME_UNKNOWN where the ledger can't be asked. STANDBY_SILENT:
 * they have expired, and the standby has not said that it knows.
 */
export async function expireBatch(
  rooms: JobRooms,
  run: RunContext,
  batch: readonly ExpirableSlice[],
): Promise<void> {
  const id = rooms.newId();
  try {
    await expireUnsettled(rooms, run, batch, id);
  } catch (error) {
    const failure = asTierdError(error);
    // Committed after all: the reply to COMMIT was lost, and the ledger says it took effect (I9).
    const settled = await settleMove(rooms, run, id);
    if (settled !== 'committed' || failure.code === 'STANDBY_SILENT') throw failure;
  }
}

async function expireUnsettled(
  rooms: JobRooms,
  run: RunContext,
  batch: readonly ExpirableSlice[],
  id: string,
): Promise<void> {
  const { dataset, lease, runId } = run;
  const db = await rooms.connect('work');
  try {
    await beginMove(db, lease, { id, runId, removal: 'none', range: rangeOf(batch) });
    const slices = await findLiveSlices(
      db,
      dataset.name,
      batch.map((slice) => slice.id),
    );
    if (slices.length !== batch.length) {
      throw slicesChanged(dataset.name, rangeOf(batch), 'expire');
    }
    const goneKeys = slices.flatMap(({ segments }) => segments.map(({ key }) => key));
    const iceberg = dataset.iceberg
      ? await prepareSnapshot(rooms, run, db, { moveId: id, goneKeys })
      : null;
    await commitExpiry(rooms, run, db, { id, batch, slices, goneKeys, iceberg });
    // Readers by path see it at the latest when the next run begins.
    if (iceberg !== null) await showByPath(rooms, db, dataset.name).catch(() => undefined);
  } finally {
    await disconnect(db);
  }
}

interface Expiring {
  readonly id: string;
  readonly batch: readonly ExpirableSlice[];
  readonly slices: readonly LiveSlice[];
  readonly goneKeys: readonly string[];
  readonly iceberg: NextSnapshot | null;
}

async function commitExpiry(
  rooms: JobRooms,
  run: RunContext,
  db: pg.Client,
  { id, batch, slices, goneKeys, iceberg }: Expiring,
): Promise<void> {
  const { dataset, lease, runId } = run;
  await inTransaction(
    db,
    {
      doing: `expiring ${dataset.name} ${formatRange(rangeOf(batch))}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      // First, so that a hold is seen here or comes after COMMIT.
      await freezeHolds(db);
      await assertNotHeld(rooms, db, dataset.name, slices);
      await retireSegments(db, dataset.name, goneKeys);
      if (iceberg !== null) await commitSnapshot(rooms, db, dataset.name, iceberg);
      for (const step of ['staged', 'commit', 'vacuumed'] as const) await stepMove(db, id, step);
      await addAuditEntry(db, {
        action: 'expired',
        chain: dataset.name,
        at: rooms.clock.now(),
        by: actorOf(rooms),
        runId,
        id,
        ranges: [rangeOf(batch)],
        rows: BigInt(rowsOf(batch)),
        retired: goneKeys,
        slices: slices.map(({ range, fingerprint: { rows, rowHash } }) => ({
          range,
          rows,
          rowHash,
        })),
        facts: { cold_days: dataset.coldDays ?? null },
      });
      await assertStillOwnLake(rooms, db);
      // Last, for its lock keeps anybody from taking the lease until COMMIT has ended (I8).
      await assertLease(db, lease);
    },
  );
}

async function assertNotHeld(
  { clock }: Pick<JobRooms, 'clock'>,
  db: pg.Client,
  dataset: string,
  slices: readonly LiveSlice[],
): Promise<void> {
  const earliest = Math.min(clock.now(), await readDatabaseClock(db));
  const holding = (await listHolds(db, dataset)).filter(
    (hold) => isHolding(hold, earliest) && slices.some(({ range }) => holdsRange(hold, range)),
  );
  throwIfRefused(
    { dataset, what: `the expiry of ${dataset}`, outcome: 'Nothing was changed' },
    holding.map(({ id, range, reason }) =>
      unforceable(
        'held',
        `hold ${id} (${reason}) was set on ${formatHeld(range)} meanwhile`,
        'run the same command again: it leaves out what is held',
      ),
    ),
  );
}
