/**
 * Slices that are old enough leave the lake in one transaction: retired, with an entry in the audit log and
 * an Iceberg snapshot without them (I2). Their bytes go after the grace period (I3).
 */
import { type ExpirableSlice, rangeOf, rowsOf } from '../../domain/plan/expiry.ts';
import { holdsRange } from '../../domain/plan/holds.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { beginMove } from '../../ledger/moves.ts';
import { findLiveSlices } from '../../ledger/replaced-slices.ts';
import { assertNotHeld } from '../assert-not-held.ts';
import { asTierdError } from '../job-failure.ts';
import { settleMove } from '../rotation/move/settle-move.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext } from '../rotation/staged-move.ts';
import { slicesChanged } from '../slices-changed.ts';
import { swapSegments } from '../swap-segments.ts';
import { expiryFacts } from './expiry-facts.ts';

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
    await swapSegments(rooms, run, db, {
      id,
      doing: `expiring ${dataset.name} ${formatRange(rangeOf(batch))}`,
      goneKeys,
      steps: ['staged', 'commit', 'vacuumed'],
      check: () =>
        assertNotHeld(db, {
          clock: rooms.clock,
          refused: {
            dataset: dataset.name,
            what: `the expiry of ${dataset.name}`,
            outcome: 'Nothing was changed',
          },
          touches: (hold) => slices.some(({ range }) => holdsRange(hold, range)),
        }),
      entry: {
        action: 'expired',
        ranges: [rangeOf(batch)],
        rows: BigInt(rowsOf(batch)),
        slices: slices.map(({ range, fingerprint: { rows, rowHash } }) => ({
          range,
          rows,
          rowHash,
        })),
        facts: expiryFacts(dataset),
      },
    });
  } finally {
    await disconnect(db);
  }
}
