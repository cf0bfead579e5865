/**
 * Slices of the lake become one: their rows are written anew, published, read back, and have the sum
 * of the fingerprints that the slices were proven with. Then the old segments retire and the new ones
 * are live in one transaction (I2). No row of the hot store is touched.
 */
import type pg from 'pg';
import type { NextSnapshot } from '../../catalogue/next-snapshot.ts';
import { TierdError } from '../../domain/errors.ts';
import { addFingerprints, emptyFingerprint } from '../../domain/fingerprint.ts';
import type { PlannedMerge } from '../../domain/plan/compaction.ts';
import type { ProvenSegments } from '../../domain/plan/proof.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { mergeFiles } from '../../lake/merge-files.ts';
import { createStaging } from '../../lake/staging.ts';
import { addAuditEntry, publishedSegments } from '../../ledger/audit.ts';
import { assertLease } from '../../ledger/lease.ts';
import { beginMove, stepMove } from '../../ledger/moves.ts';
import { findLiveSlices, type LiveSlice, retireSegments } from '../../ledger/replaced-slices.ts';
import { nextGeneration, publishSegments } from '../../ledger/segments.ts';
import { actorOf } from '../audit/actor.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import { openSound } from '../open-sound.ts';
import { footerOf } from '../rotation/footer.ts';
import { commitSnapshot } from '../rotation/iceberg/commit-snapshot.ts';
import { prepareSnapshot } from '../rotation/iceberg/prepare-snapshot.ts';
import { showByPath } from '../rotation/iceberg/show-by-path.ts';
import { publishAndProve } from '../rotation/move/finish-move.ts';
import { assertStillOwnLake } from '../rotation/own-lake.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext, StagedSlice } from '../rotation/staged-move.ts';
import { slicesChanged } from '../slices-changed.ts';

export interface StagedMerge {
  /** Of the move, by which whoever lost the reply to COMMIT finds it. */
  readonly id: string;
  readonly merged: StagedSlice;
  /** Live segments that retire. */
  readonly goneKeys: readonly string[];
}

/** Throws VERIFY_MISMATCH, OBJECT_MISSING, LAKE_UNREADABLE, SEGMENT_WRITE_FAILED, LAKE_FULL or LEASE_LOST: nothing is published. */
export async function stageMerge(
  rooms: JobRooms,
  run: RunContext,
  planned: PlannedMerge,
  id: string,
): Promise<StagedMerge> {
  const { dataset, lease, runId } = run;
  const { range, sliceIds } = planned;
  const db = await rooms.connect('work');
  try {
    await beginMove(db, lease, { id, runId, removal: 'none', range });
    const olds = await findLiveSlices(db, dataset.name, sliceIds);
    const generation = await nextGeneration(db, dataset.name, range);
    const merged = await writeMerged(rooms, run, { planned, olds, generation, id });
    return { id, merged, goneKeys: olds.flatMap(({ segments }) => segments.map(({ key }) => key)) };
  } finally {
    await disconnect(db);
  }
}

/**
 * Throws VERIFY_MISMATCH, LAKE_FULL, MOVE_NOT_OURS, LAKE_NOT_OWNED or LEASE_LOST: the slices are as they were.
 * OUTCOME_UNKNOWN: look before doing anything.
 */
export async function finishMerge(
  rooms: JobRooms,
  run: RunContext,
  staged: StagedMerge,
): Promise<void> {
  const { id, merged, goneKeys } = staged;
  const { dataset } = run;
  const db = await rooms.connect('work');
  try {
    const arriving = { id, range: merged.range, slices: [merged], leaving: { rows: 0n } };
    const proven = await publishAndProve(rooms, run, db, arriving);
    const iceberg = dataset.iceberg
      ? await prepareSnapshot(rooms, run, db, { moveId: id, goneKeys, isSameRows: true })
      : null;
    await commitMerge(rooms, run, db, staged, proven, iceberg);
    // Readers by path see it at the latest when the next run begins.
    if (iceberg !== null) await showByPath(rooms, db, dataset.name).catch(() => undefined);
  } finally {
    await disconnect(db);
  }
}

interface Sources {
  readonly planned: PlannedMerge;
  readonly olds: readonly LiveSlice[];
  readonly generation: number;
  readonly id: string;
}

async function writeMerged(
  rooms: JobRooms,
  run: RunContext,
  { planned, olds, generation, id }: Sources,
): Promise<StagedSlice> {
  const { engine, fileSystem, store } = rooms;
  const { dataset, signal, table } = run;
  const [first] = olds;
  if (first === undefined || olds.length !== planned.sliceIds.length)
    throw slicesChanged(dataset.name, planned.range, 'be merged');
  const { columns } = first;
  const { range, unit } = planned;
  const fingerprint = olds.reduce(
    (sum, slice) => addFingerprints(sum, slice.fingerprint),
    emptyFingerprint(columns.map(({ name }) => name)),
  );
  const facts = { moveId: id, range, generation, columns, fingerprint };
  const metadata = footerOf(rooms.version, run, facts);
  const directory = await createStaging(fileSystem, store.stagingRoot, id);
  const old = olds.flatMap(({ segments }) => segments);
  const segments = await mergeFiles({
    engine,
    fs: fileSystem,
    signal,
    paths: await openSound(rooms, old, { directory, signal }),
    columns,
    timeColumn: table.timeColumn,
    sortBy: dataset.sortBy,
    directory,
    targetFileBytes: dataset.targetFileBytes,
    metadata,
  });
  return { range, unit, generation, columns, fingerprint, metadata, segments };
}

/** `proven` has one entry, for the one new slice; only verification makes such values. */
async function commitMerge(
  rooms: JobRooms,
  { dataset, lease, runId }: RunContext,
  db: pg.Client,
  { id, merged, goneKeys }: StagedMerge,
  proven: readonly ProvenSegments[],
  iceberg: NextSnapshot | null,
): Promise<void> {
  assertProven(merged, proven);
  await inTransaction(
    db,
    {
      doing: `merging ${dataset.name} ${formatRange(merged.range)}`,
      isolation: 'read committed',
      readOnly: false,
      limits: limitsUnderLease(rooms.settings),
    },
    async () => {
      await publishSegments(db, id);
      await retireSegments(db, dataset.name, goneKeys);
      if (iceberg !== null) await commitSnapshot(rooms, db, dataset.name, iceberg);
      await stepMove(db, id, 'commit');
      // Nothing left the hot store, so nothing is to be vacuumed: the move is at its end.
      await stepMove(db, id, 'vacuumed');
      await addAuditEntry(db, {
        action: 'merged',
        chain: dataset.name,
        at: rooms.clock.now(),
        by: actorOf(rooms),
        runId,
        id,
        ranges: [merged.range],
        rows: BigInt(merged.fingerprint.rows),
        published: await publishedSegments(db, id),
        retired: goneKeys,
      });
      await assertStillOwnLake(rooms, db);
      // Last, for its lock keeps anybody from taking the lease until COMMIT has ended (I8).
      await assertLease(db, lease);
    },
  );
}

/** The types say that a slice was proven; this says that it was this one. */
function assertProven(merged: StagedSlice, proven: readonly ProvenSegments[]): void {
  if (proven.length === 1 && proven[0]?.rows === merged.fingerprint.rows) return;
  throw new TierdError({
    code: 'INTERNAL',
    message: `${String(proven.length)} slices were proven, and the merge has one with ${String(merged.fingerprint.rows)} rows; nothing was changed`,
  });
}
