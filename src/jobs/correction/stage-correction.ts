/**
 * A file of corrections becomes slices of the lake: its own rows are one further generation, what remains of the slices that
 * had their keys another. Both are published, proven, and live in the transaction that retires what was there (I2).
 */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import { type CorrectionPlan, planCorrection } from '../../domain/plan/correction.ts';
import { holdsRange } from '../../domain/plan/holds.ts';
import { type RefusedRun, throwIfRefused } from '../../domain/plan/refusal.ts';
import type { RowIdentity } from '../../domain/plan/row-identity.ts';
import { spanOf } from '../../domain/time/range-sets.ts';
import type { TimeRange } from '../../domain/time/time-range.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { createStaging } from '../../lake/staging.ts';
import { beginMove } from '../../ledger/moves.ts';
import { assertNotHeld } from '../assert-not-held.ts';
import { holdingNow } from '../holding-now.ts';
import { settleEncounters } from '../rotation/again/meet-cold-rows.ts';
import { publishAndProve } from '../rotation/move/finish-move.ts';
import { settleMove } from '../rotation/move/settle-move.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext, StagedSlice } from '../rotation/staged-move.ts';
import { swapSegments } from '../swap-segments.ts';
import { lookAtFile, type SeenFile } from './look-at-file.ts';
import type { CorrectionRequest } from './rooms.ts';

export type CorrectionRun = RunContext & { readonly identity: RowIdentity };

export interface StagedCorrection {
  /** Of the move, by which whoever lost the reply to COMMIT finds it. */
  readonly id: string;
  readonly plan: CorrectionPlan;
  /** Of the file, without those that the lake has row by row. */
  readonly own: readonly StagedSlice[];
  /** These, and what remains of slices of the lake. */
  readonly arriving: readonly StagedSlice[];
  /** Live segments that retire. */
  readonly goneKeys: readonly string[];
}

/** With the holds as they are now. */
export async function planOf(
  { clock, store }: Pick<JobRooms, 'clock' | 'store'>,
  db: pg.Client,
  dataset: Dataset,
  { onlyKnown }: CorrectionRequest,
  { rows, corrected, unknown, metRows, rewrittenBytes }: SeenFile,
): Promise<CorrectionPlan> {
  const holds = await holdingNow({ clock }, db, dataset.name);
  return planCorrection({
    dataset,
    rows,
    unknown: unknown.rows,
    examples: unknown.examples,
    incomparable: unknown.incomparable,
    onlyKnown,
    slices: corrected,
    metRows,
    rewrittenBytes,
    freeBytes: await store.freeBytes(),
    minFreeBytes: dataset.limits.minFreeBytes,
    holds,
  });
}

/**
 * Throws USAGE with what is wrong with the file, REFUSED, VERIFY_MISMATCH, SEGMENT_WRITE_FAILED, LAKE_FULL or LEASE_LOST:
 * nothing is published.
 */
export async function stageCorrection(
  rooms: JobRooms,
  run: CorrectionRun,
  request: CorrectionRequest,
  id: string,
): Promise<StagedCorrection> {
  const { dataset, lease, runId } = run;
  const db = await rooms.connect('work');
  try {
    await beginMove(db, lease, { id, runId, removal: 'none', range: EVER });
    const directory = await createStaging(rooms.fileSystem, rooms.store.stagingRoot, id);
    const looking = { rooms, run, db, file: request.file, id, directory };
    const seen = await lookAtFile(looking, request.onlyKnown);
    const plan = await planOf(rooms, db, dataset, request, seen);
    throwIfRefused(refusedOf(dataset), plan.refusals);
    const { slices, remainders, retiredKeys } = await settleEncounters(
      seen.settling,
      seen.encounters,
    );
    return { id, plan, own: slices, arriving: [...slices, ...remainders], goneKeys: retiredKeys };
  } finally {
    await disconnect(db);
  }
}

/**
 * Throws VERIFY_MISMATCH, LAKE_FULL, MOVE_NOT_OURS, LAKE_NOT_OWNED or LEASE_LOST, and REFUSED where a hold was set
 * meanwhile: the lake is as it was. OUTCOME_UNKNOWN: look before doing anything.
 */
export async function finishCorrection(
  rooms: JobRooms,
  run: CorrectionRun,
  { reason }: CorrectionRequest,
  { id, plan, own, arriving, goneKeys }: StagedCorrection,
): Promise<void> {
  if (own.length === 0) {
    await settleMove(rooms, run, id);
    return;
  }
  const { dataset } = run;
  const ranges = own.map(({ range }) => range);
  const db = await rooms.connect('work');
  try {
    const move = { id, range: spanOf(ranges), slices: arriving, leaving: { rows: 0n } };
    const proven = await publishAndProve(rooms, run, db, move);
    const isSame = arriving.every(({ fingerprint }, at) => proven[at]?.rows === fingerprint.rows);
    if (proven.length !== arriving.length || !isSame) throw notProven(proven.length);
    await swapSegments(rooms, run, db, {
      id,
      doing: `correcting ${dataset.name}`,
      goneKeys,
      steps: ['commit', 'vacuumed'],
      check: () =>
        assertNotHeld(db, {
          clock: rooms.clock,
          refused: refusedOf(dataset),
          touches: (hold) => ranges.some((range) => holdsRange(hold, range)),
        }),
      entry: {
        action: 'corrected',
        ranges,
        rows: own.reduce((sum, { fingerprint }) => sum + BigInt(fingerprint.rows), 0n),
        facts: { reason, changed: plan.changed },
      },
    });
  } finally {
    await disconnect(db);
  }
}

function refusedOf({ name }: Dataset): RefusedRun {
  return { dataset: name, what: `the correction of ${name}`, outcome: 'Nothing was changed' };
}

/** The types say that slices were proven; this says that it was these. */
function notProven(slices: number): TierdError {
  return new TierdError({
    code: 'INTERNAL',
    message: `${String(slices)} slices were proven, and they are not those of the correction; nothing was changed`,
  });
}

/** Before the file is read nobody knows of which time it is. */
const EVER: TimeRange = {
  fromInclusive: Date.parse('0001-01-01T00:00:00Z'),
  toExclusive: Date.parse('9999-12-31T00:00:00Z'),
};
