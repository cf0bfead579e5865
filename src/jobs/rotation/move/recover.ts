/**
 * What a killed run left is brought to an end before anything new begins (I4). Runs under the
 * dataset's lease. Only what the ledger names is touched: files it does not know are left alone.
 */
import type pg from 'pg';
import type { Dataset } from '../../../domain/dataset.ts';
import { TierdError } from '../../../domain/errors.ts';
import { guardClock } from '../../../domain/plan/clock-guard.ts';
import { recoveryOf } from '../../../domain/plan/move.ts';
import { inTransaction } from '../../../hot/transaction.ts';
import type { ObjectStore, Tiers } from '../../../lake/object-store.ts';
import { sweepSmallStaging } from '../../../lake/small-staging.ts';
import { listStaging, removeStaging } from '../../../lake/staging.ts';
import { nearOf } from '../../../lake/tiered-store.ts';
import {
  abandonIcebergObjects,
  forgetIcebergObjects,
  needlessIcebergKeys,
} from '../../../ledger/iceberg-objects.ts';
import type { Lease } from '../../../ledger/lease.ts';
import { assertLease } from '../../../ledger/lease.ts';
import { endedMoves, lookAtMove, stepMove, unfinishedMoves } from '../../../ledger/moves.ts';
import { forgetRetired, outdatedKeys } from '../../../ledger/replaced-slices.ts';
import { abandonRestores } from '../../../ledger/restores.ts';
import { abandonRuns } from '../../../ledger/runs.ts';
import { abandonedKeys, abandonSegments, forgetAbandoned } from '../../../ledger/segments.ts';
import { listNotOnlyNear } from '../../../ledger/tiers.ts';
import { readClocks } from '../../clock-facts.ts';
import { settlingOptions } from '../../settling-options.ts';
import { sweepMetadataStaging } from '../iceberg/metadata-staging.ts';
import type { DueMove, Recovered } from '../outcome.ts';
import { assertStillOwnLake } from '../own-lake.ts';
import type { JobRooms } from '../rooms.ts';

/** Those that work under the lease of a dataset. */
const JOBS = [
  'rotate',
  'restore',
  'compact',
  'expire',
  'delete',
  'correct',
  'adopt',
  'tier',
  'ingest',
];

export async function recover(
  rooms: JobRooms,
  db: pg.Client,
  lease: Lease,
  { limits }: Pick<Dataset, 'limits'>,
): Promise<Recovered> {
  for (const job of JOBS) await abandonRuns(db, job, lease.dataset);
  await abandonRestores(db, lease.dataset);
  const unfinished = await unfinishedMoves(db, lease.dataset);
  const vacuumDue: DueMove[] = [];
  let [moves, files] = [0, 0];
  for (const { id, removal, range } of unfinished) {
    const { outcome, staged } = await endMove(rooms, db, lease, id);
    files += staged;
    if (outcome === 'abandoned') moves += 1;
    if (outcome === 'committed') vacuumDue.push({ id, removal, range });
  }
  await abandonIcebergObjects(db, lease.dataset, null);
  files += await sweepStaging(rooms, db, lease);
  files += await sweepLeftovers(rooms, db, lease);
  // What others may still read goes by the clock alone: where that is in doubt, a later run removes it.
  const isClockRight =
    guardClock(limits, await readClocks(rooms.clock, db, lease.dataset)).length === 0;
  if (isClockRight) files += await sweepMetadata(rooms, db, lease, METADATA_GRACE_MS);
  const outdated = isClockRight ? await removeOutdated(rooms, db, lease.dataset) : 0;
  return { moves, files, outdated, vacuumDue };
}

/**
 * What moves staged that the ledger says are over: they were killed just before they cleared up.
 * @returns how many files
 */
async function sweepStaging(rooms: JobRooms, db: pg.Client, lease: Lease): Promise<number> {
  const { fileSystem, store } = rooms;
  let files = 0;
  const staged = await listStaging(fileSystem, store.stagingRoot);
  for (const id of await endedMoves(db, lease.dataset, staged)) {
    await assertStillOwnLake(rooms, db);
    files += await removeStaging(fileSystem, store.stagingRoot, id);
  }
  await assertStillOwnLake(rooms, db);
  files += await sweepSmallStaging(fileSystem, store.stagingRoot);
  return files + (await sweepMetadataStaging(rooms, lease));
}

/**
 * Abandons a move, unless it turns out to have been committed: the state is read under the row
 * lock, so a COMMIT still under way on the server is waited for, never guessed at (I9).
 *
 * @returns with how many files it had staged
 */
export async function endMove(
  rooms: JobRooms,
  db: pg.Client,
  lease: Lease,
  moveId: string,
): Promise<{ readonly outcome: 'abandoned' | 'committed'; readonly staged: number }> {
  const outcome = await inTransaction(
    db,
    settlingOptions(rooms.settings, `move ${moveId}`),
    async () => {
      const state = await lookAtMove(db, moveId);
      if (state === null) return 'abandoned' as const;
      if (recoveryOf(state) === 'abandon') {
        await stepMove(db, moveId, 'abandon');
        await abandonSegments(db, moveId);
        await abandonIcebergObjects(db, lease.dataset, moveId);
        await assertLease(db, lease);
        return 'abandoned' as const;
      }
      return state === 'abandoned' ? ('abandoned' as const) : ('committed' as const);
    },
  );
  // After the ledger says where it stands: killed in between, the next recovery sweeps it.
  await assertStillOwnLake(rooms, db);
  const staged = await removeStaging(rooms.fileSystem, rooms.store.stagingRoot, moveId);
  return { outcome, staged };
}

/** Removes the objects of abandoned moves. Each key is in the ledger once, so none can be live. */
export async function sweepLeftovers(
  rooms: JobRooms,
  db: pg.Client,
  lease: Lease,
): Promise<number> {
  const keys = await abandonedKeys(db, lease.dataset);
  let removed = 0;
  for (const key of keys) {
    await assertStillOwnLake(rooms, db);
    // What was never live has gone nowhere else.
    if (await nearOf(rooms.store).remove(key)) removed += 1;
  }
  if (keys.length > 0) {
    await forgetAbandoned(db, lease.dataset, keys, rooms.settings.leaseTtlMs * GRACE_LIFETIMES);
  }
  return removed + (await sweepMetadata(rooms, db, lease, null));
}

/**
 * Iceberg metadata of abandoned moves, and what no snapshot that a table keeps has needed for so long.
 * @param graceMs null: only the former
 */
async function sweepMetadata(
  rooms: JobRooms,
  db: pg.Client,
  lease: Lease,
  graceMs: number | null,
): Promise<number> {
  const keys = await needlessIcebergKeys(db, lease.dataset, graceMs);
  let removed = 0;
  for (const key of keys) {
    if ((await rooms.store.stat(key)) === null) continue;
    await assertStillOwnLake(rooms, db);
    await rooms.store.remove(key);
    removed += 1;
  }
  if (keys.length > 0) {
    await forgetIcebergObjects(db, keys, rooms.settings.leaseTtlMs * GRACE_LIFETIMES);
  }
  return removed;
}

/** Replaced segments whose readers have had their time (I3). */
async function removeOutdated(rooms: JobRooms, db: pg.Client, dataset: string): Promise<number> {
  const keys = await outdatedKeys(db, dataset, rooms.settings.gracePeriodMs);
  const { tiers } = rooms.store;
  if (tiers === null) {
    await removeRetired(rooms, db, dataset, keys);
    return keys.length;
  }
  const elsewhere = await listNotOnlyNear(db, keys);
  const onlyNear = keys.filter((key) => !elsewhere.has(key));
  await removeRetired(rooms, db, dataset, onlyNear, nearThenFar(tiers));
  try {
    await removeRetired(rooms, db, dataset, [...elsewhere]);
    return keys.length;
  } catch (error) {
    // A far place that does not answer holds up nothing that lies near. A later run removes what is there.
    if (error instanceof TierdError && error.code === 'LAKE_UNREACHABLE') return onlyNear.length;
    throw error;
  }
}

/**
 * For what the ledger knows to lie near alone. Set back, it may have known more: the far place is asked as well, and one
 * that does not answer is let be.
 */
function nearThenFar({ near, far }: Tiers): Pick<ObjectStore, 'remove'> {
  let isAway = false;
  return {
    async remove(key) {
      const wasNear = await near.remove(key);
      if (isAway) return wasNear;
      try {
        return (await far.remove(key)) || wasNear;
      } catch (error) {
        if (!(error instanceof TierdError && error.code === 'LAKE_UNREACHABLE')) throw error;
        isAway = true;
        return wasNear;
      }
    },
  };
}

/** Removes the files of replaced segments. Under the dataset's lease. @param from which of the lake's places they are removed from */
export async function removeRetired(
  rooms: Pick<JobRooms, 'store'>,
  db: pg.Client,
  dataset: string,
  keys: readonly string[],
  from: Pick<ObjectStore, 'remove'> = rooms.store,
): Promise<void> {
  for (const key of keys) {
    await assertStillOwnLake(rooms, db);
    await from.remove(key);
  }
  // After the files: killed in between, the next recovery finds none of them there.
  if (keys.length > 0) await forgetRetired(db, dataset, keys);
}

/** An engine that began with an older document may read on as long. */
const METADATA_GRACE_MS = 24 * 3_600_000;

/** A process that lost its lease notices within one lifetime; the rest is for a slow disk. */
const GRACE_LIFETIMES = 10;
