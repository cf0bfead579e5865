/**
 * A slice of which some rows are to come back becomes two in the lake: one of these rows, and one of all others.
 * Both are proven to be together what was published (fingerprints), and take its place in one transaction; no row
 * has moved then. The first of them can come back whole, as any other.
 */
import { subtractFingerprint } from '../../domain/fingerprint.ts';
import type { PlannedSlice } from '../../domain/plan/restore-plan.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { disconnect } from '../../hot/server/connect.ts';
import {
  type Choice,
  fingerprintChosen,
  selectChosen,
  selectOthers,
} from '../../lake/chosen-rows.ts';
import { createStaging } from '../../lake/staging.ts';
import { beginMove } from '../../ledger/moves.ts';
import {
  findLiveSlices,
  findPublishedSlice,
  type LiveSlice,
} from '../../ledger/replaced-slices.ts';
import { nextGeneration } from '../../ledger/segments.ts';
import { assertAllProven } from '../assert-all-proven.ts';
import { changeEach } from '../change-each.ts';
import { openSound } from '../open-sound.ts';
import { publishAndProve } from '../rotation/move/finish-move.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext, StagedSlice } from '../rotation/staged-move.ts';
import { slicesChanged } from '../slices-changed.ts';
import { swapSegments } from '../swap-segments.ts';
import { writeRest } from '../write-rest.ts';
import type { SliceWork } from './rooms.ts';

interface StagedSplit {
  readonly id: string;
  readonly slice: LiveSlice;
  readonly chosen: StagedSlice;
  readonly others: StagedSlice;
}

/**
 * The slice of those rows alone. One that has no others is given back as it is.
 *
 * Throws VERIFY_MISMATCH, OBJECT_MISSING, LAKE_UNREADABLE, SEGMENT_WRITE_FAILED, LAKE_FULL, MOVE_NOT_OURS,
 * LAKE_NOT_OWNED or LEASE_LOST: the slice is as it was.
 */
export async function splitSlice(
  rooms: JobRooms,
  run: RunContext,
  work: SliceWork,
): Promise<SliceWork> {
  const { choice, planned } = work;
  if (choice === null) return work;
  const done: StagedSplit[] = [];
  await changeEach<PlannedSlice, StagedSplit>(rooms, run, [planned], {
    stage: (_, id) => stageSplit(rooms, run, planned, choice, id),
    finish: (staged) => finishSplit(rooms, run, staged),
    done: (_, staged) => {
      done.push(staged);
    },
    failed: (_, error) => {
      throw error;
    },
  });
  const [split] = done;
  const slice = split === undefined ? null : await readChosen(rooms, run, split);
  if (slice === null) throw slicesChanged(run.dataset.name, planned.range, 'come back');
  return { ...work, slice, choice: null };
}

async function stageSplit(
  rooms: JobRooms,
  run: RunContext,
  { id: sliceId, range }: PlannedSlice,
  choice: Choice,
  id: string,
): Promise<StagedSplit> {
  const { dataset, lease, runId, signal } = run;
  const { name } = dataset;
  const db = await rooms.connect('work');
  try {
    await beginMove(db, lease, { id, runId, removal: 'none', range });
    const [slice] = await findLiveSlices(db, name, [sliceId]);
    if (slice === undefined) throw slicesChanged(name, range, 'be written anew');
    const directory = await createStaging(rooms.fileSystem, rooms.store.stagingRoot, id);
    const paths = await openSound(rooms, slice.segments, { directory, signal });
    const fingerprint = await fingerprintChosen(choice, paths);
    const generation = await nextGeneration(db, name, slice.range);
    const part = { moveId: id, slice, paths };
    const chosen = await writeRest(rooms, run, {
      ...part,
      called: 'chosen',
      generation,
      fingerprint,
      selectStaying: (path) => selectChosen(choice, path),
    });
    const others = await writeRest(rooms, run, {
      ...part,
      generation: generation + 1,
      fingerprint: subtractFingerprint(slice.fingerprint, fingerprint),
      selectStaying: (path) => selectOthers(choice, path),
    });
    if (chosen === null || others === null) throw slicesChanged(name, range, 'be written anew');
    return { id, slice, chosen, others };
  } finally {
    await disconnect(db);
  }
}

async function finishSplit(
  rooms: JobRooms,
  run: RunContext,
  { id, slice, chosen, others }: StagedSplit,
): Promise<void> {
  const { dataset } = run;
  const { range } = slice;
  const db = await rooms.connect('work');
  try {
    const slices = [chosen, others];
    const arriving = { id, range, slices, leaving: { rows: 0n } };
    assertAllProven(slices, await publishAndProve(rooms, run, db, arriving));
    await swapSegments(rooms, run, db, {
      id,
      doing: `splitting ${dataset.name} ${formatRange(range)}`,
      goneKeys: slice.segments.map(({ key }) => key),
      isSameRows: true,
      steps: ['commit', 'vacuumed'],
      entry: {
        action: 'split',
        ranges: [range],
        rows: BigInt(slice.fingerprint.rows),
        slices: slices.map(({ fingerprint: { rows, rowHash } }) => ({ range, rows, rowHash })),
      },
    });
  } finally {
    await disconnect(db);
  }
}

async function readChosen(
  rooms: JobRooms,
  { dataset }: RunContext,
  { id, chosen }: StagedSplit,
): Promise<LiveSlice | null> {
  const db = await rooms.connect('work');
  try {
    return await findPublishedSlice(db, dataset.name, id, chosen.generation);
  } finally {
    await disconnect(db);
  }
}
