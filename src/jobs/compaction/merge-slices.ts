/**
 * Slices of the lake become one: their rows are written anew, published, read back, and have the sum
 * of the fingerprints that the slices were proven with. Then the old segments retire and the new ones
 * are live in one transaction (I2). No row of the hot store is touched.
 */
import { addFingerprints, emptyFingerprint } from '../../domain/fingerprint.ts';
import { ownTimeColumn } from '../../domain/lake/own-time-column.ts';
import type { PlannedMerge } from '../../domain/plan/compaction.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { source } from '../../lake/cold-matches.ts';
import { mergeFiles } from '../../lake/merge-files.ts';
import { quoteSqlName } from '../../lake/segment/duckdb.ts';
import { createStaging } from '../../lake/staging.ts';
import { beginMove } from '../../ledger/moves.ts';
import { findLiveSlices, type LiveSlice } from '../../ledger/replaced-slices.ts';
import { nextGeneration } from '../../ledger/segments.ts';
import { assertAllProven } from '../assert-all-proven.ts';
import { openSound } from '../open-sound.ts';
import { footerOf } from '../rotation/footer.ts';
import { publishAndProve } from '../rotation/move/finish-move.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext, StagedSlice } from '../rotation/staged-move.ts';
import { slicesChanged } from '../slices-changed.ts';
import { swapSegments } from '../swap-segments.ts';
import { writeRest } from '../write-rest.ts';

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
    assertAllProven([merged], await publishAndProve(rooms, run, db, arriving));
    await swapSegments(rooms, run, db, {
      id,
      doing: `merging ${dataset.name} ${formatRange(merged.range)}`,
      goneKeys,
      isSameRows: true,
      steps: ['commit', 'vacuumed'],
      entry: {
        action: 'merged',
        ranges: [merged.range],
        rows: BigInt(merged.fingerprint.rows),
      },
    });
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
  const directory = await createStaging(fileSystem, store.stagingRoot, id);
  const old = olds.flatMap(({ segments }) => segments);
  const paths = await openSound(rooms, old, { directory, signal });
  if (planned.kind === 'rewrite')
    return writeAnew(rooms, run, { id, slice: first, paths, generation });
  const { columns } = first;
  const { range, unit } = planned;
  const fingerprint = olds.reduce(
    (sum, slice) => addFingerprints(sum, slice.fingerprint),
    emptyFingerprint(columns.map(({ name }) => name)),
  );
  const facts = { moveId: id, range, generation, columns, fingerprint };
  const metadata = footerOf(rooms.version, run, facts);
  const segments = await mergeFiles({
    engine,
    fs: fileSystem,
    signal,
    paths,
    columns,
    timeColumn: ownTimeColumn(table.timeColumn, run.columns, columns),
    sortBy: dataset.sortBy,
    directory,
    targetFileBytes: dataset.targetFileBytes,
    form: dataset.parquet,
    metadata,
  });
  return { range, unit, generation, columns, fingerprint, metadata, segments };
}

interface Rewritten {
  readonly id: string;
  readonly slice: LiveSlice;
  readonly paths: readonly string[];
  readonly generation: number;
}

/** All of its rows stay: by how a dataset's segments are written now. */
async function writeAnew(
  rooms: JobRooms,
  run: RunContext,
  { id, slice, paths, generation }: Rewritten,
): Promise<StagedSlice> {
  const { columns, fingerprint } = slice;
  const names = columns.map(({ name }) => quoteSqlName(name)).join(', ');
  const selectStaying = (path: string): string => `select ${names} from ${source([path])}`;
  const rest = { moveId: id, slice, paths, generation, fingerprint, called: 'anew', selectStaying };
  const anew = await writeRest(rooms, run, rest);
  if (anew === null) throw slicesChanged(run.dataset.name, slice.range, 'be written anew');
  return anew;
}
