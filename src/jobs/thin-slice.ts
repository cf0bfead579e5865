/**
 * A slice of the lake loses rows: all others are written anew and published. That they are all others is known
 * by fingerprints: what was published of the slice, less the rows that go, is what is read back; and none of the
 * published files has such a row. Then the old segments retire and the new ones are live in one transaction (I2).
 * No row of the hot store is touched.
 */
import type { AuditEntry } from '../domain/audit.ts';
import { TierdError } from '../domain/errors.ts';
import { type SliceFingerprint, subtractFingerprint } from '../domain/fingerprint.ts';
import { ownTimeColumn } from '../domain/lake/own-time-column.ts';
import type { ThinnedSlice } from '../domain/plan/deletion.ts';
import { holdsRange } from '../domain/plan/holds.ts';
import type { ProvenSegments } from '../domain/plan/proof.ts';
import type { RowCondition } from '../domain/plan/row-condition.ts';
import { formatRange } from '../domain/time/time-range.ts';
import { disconnect } from '../hot/server/connect.ts';
import { type Choice, countChosen, fingerprintChosen, selectOthers } from '../lake/chosen-rows.ts';
import { createStaging } from '../lake/staging.ts';
import { beginMove } from '../ledger/moves.ts';
import { findLiveSlices, type LiveSlice } from '../ledger/replaced-slices.ts';
import { nextGeneration } from '../ledger/segments.ts';
import { assertAllProven } from './assert-all-proven.ts';
import { assertNotHeld } from './assert-not-held.ts';
import { openSound } from './open-sound.ts';
import { publishAndProve } from './rotation/move/finish-move.ts';
import type { JobRooms } from './rotation/rooms.ts';
import type { RunContext, StagedSlice } from './rotation/staged-move.ts';
import { slicesChanged } from './slices-changed.ts';
import { swapSegments } from './swap-segments.ts';
import { writeRest } from './write-rest.ts';

/** Which rows go, and what messages and the audit log say of it. */
export interface Thinning {
  readonly condition: RowCondition;
  /** `the deletion from ticks`. */
  readonly what: string;
  /** `deleting rows of ticks`. */
  readonly doing: string;
  /** Beside the hashes of the slice before and after. */
  readonly entry: Pick<AuditEntry, 'action' | 'facts'>;
}

export interface ThinnedStage {
  /** Of the move, by which whoever lost the reply to COMMIT finds it. */
  readonly id: string;
  readonly thinning: Thinning;
  readonly planned: ThinnedSlice;
  readonly slice: LiveSlice;
  readonly choice: Choice;
  /** Of the rows that go. */
  readonly gone: SliceFingerprint;
  /** Null where no other rows are in the slice. */
  readonly rest: StagedSlice | null;
}

/** Throws VERIFY_MISMATCH, OBJECT_MISSING, LAKE_UNREADABLE, SEGMENT_WRITE_FAILED, LAKE_FULL or LEASE_LOST: nothing is published. */
export async function stageThinned(
  rooms: JobRooms,
  run: RunContext,
  thinning: Thinning,
  planned: ThinnedSlice,
  id: string,
): Promise<ThinnedStage> {
  const { dataset, lease, runId, signal, table } = run;
  const db = await rooms.connect('work');
  try {
    await beginMove(db, lease, { id, runId, removal: 'none', range: planned.range });
    const [slice] = await findLiveSlices(db, dataset.name, [planned.id]);
    if (slice === undefined) throw slicesChanged(dataset.name, planned.range, 'be written anew');
    const { columns } = slice;
    const directory = await createStaging(rooms.fileSystem, rooms.store.stagingRoot, id);
    const paths = await openSound(rooms, slice.segments, { directory, signal });
    const { engine } = rooms;
    const timeColumn = ownTimeColumn(table.timeColumn, run.columns, columns);
    const { condition } = thinning;
    const choice = { engine, condition, columns, timeColumn, signal };
    const gone = await fingerprintChosen(choice, paths);
    if (gone.rows !== planned.chosen) throw notAsPlanned(dataset.name, planned, gone.rows);
    const rest = await writeRest(rooms, run, {
      moveId: id,
      slice,
      paths,
      generation: await nextGeneration(db, dataset.name, slice.range),
      fingerprint: subtractFingerprint(slice.fingerprint, gone),
      selectStaying: (path) => selectOthers(choice, path),
    });
    return { id, thinning, planned, slice, choice, gone, rest };
  } finally {
    await disconnect(db);
  }
}

/**
 * Throws VERIFY_MISMATCH, LAKE_FULL, MOVE_NOT_OURS, LAKE_NOT_OWNED or LEASE_LOST, and REFUSED where a hold was set
 * meanwhile: the slice is as it was. OUTCOME_UNKNOWN: look before doing anything.
 */
export async function finishThinned(
  rooms: JobRooms,
  run: RunContext,
  { id, thinning, planned, slice, choice, gone, rest }: ThinnedStage,
): Promise<void> {
  const { dataset } = run;
  const { what, doing, entry } = thinning;
  const { range } = slice;
  const db = await rooms.connect('work');
  try {
    const slices = rest === null ? [] : [rest];
    const arriving = { id, range, slices, leaving: { rows: 0n } };
    const proven = await publishAndProve(rooms, run, db, arriving);
    await assertGone(dataset.name, planned, choice, slices, proven);
    await swapSegments(rooms, run, db, {
      id,
      doing: `${doing} ${formatRange(range)}`,
      goneKeys: slice.segments.map(({ key }) => key),
      steps: ['commit', 'vacuumed'],
      check: () =>
        assertNotHeld(db, {
          clock: rooms.clock,
          refused: {
            dataset: dataset.name,
            what,
            outcome: `${formatRange(range)} is as it was`,
          },
          touches: (hold) => holdsRange(hold, planned.chosenSpan),
        }),
      entry: {
        action: entry.action,
        ranges: [range],
        rows: BigInt(gone.rows),
        slices: [{ range, rows: gone.rows, rowHash: gone.rowHash }],
        facts: {
          ...entry.facts,
          row_hash_before: slice.fingerprint.rowHash,
          row_hash_after: rest?.fingerprint.rowHash ?? null,
        },
      },
    });
  } finally {
    await disconnect(db);
  }
}

/** What stays was proven, and what goes is not in it. */
async function assertGone(
  dataset: string,
  planned: ThinnedSlice,
  choice: Choice,
  slices: readonly StagedSlice[],
  proven: readonly ProvenSegments[],
): Promise<void> {
  assertAllProven(slices, proven);
  for (const { path } of proven.flatMap(({ segments }) => segments)) {
    const { rows } = await countChosen(choice, path);
    if (rows > 0) throw notAsPlanned(dataset, planned, planned.chosen - rows);
  }
}

function notAsPlanned(dataset: string, planned: ThinnedSlice, found: number): TierdError {
  return new TierdError({
    code: 'VERIFY_MISMATCH',
    message: `Of ${dataset} ${formatRange(planned.range)} ${String(planned.chosen)} rows were to go, and ${String(found)} would. Nothing was changed there.`,
    hint: 'Run the same command again; if it stays so, report the condition.',
    context: { dataset },
  });
}
