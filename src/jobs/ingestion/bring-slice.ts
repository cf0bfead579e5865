/**
 * One slice of staged rows: what belongs to the lake is published and proven, and becomes live in the transaction that writes
 * the rest into PostgreSQL and notes the slice as done (I2, I4).
 */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { holdsRange } from '../../domain/plan/holds.ts';
import type { IngestedSlice } from '../../domain/plan/ingest.ts';
import { formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import { widenInPlace } from '../../hot/attach/widen-in-place.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { COLD } from '../../hot/write/ingest-tables.ts';
import { assertColdAreNotHot, countByFile, writeHotRows } from '../../hot/write/ingest-write.ts';
import { createStaging } from '../../lake/staging.ts';
import { noteSlice } from '../../ledger/ingested-files.ts';
import { assertLease } from '../../ledger/lease.ts';
import { beginMove } from '../../ledger/moves.ts';
import { assertNotHeld } from '../assert-not-held.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import { findEncounters, openerOf } from '../rotation/again/encounters.ts';
import { settleEncounters } from '../rotation/again/meet-cold-rows.ts';
import { exportSlice } from '../rotation/move/export-slice.ts';
import { publishAndProve } from '../rotation/move/finish-move.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { RunContext, StagedSlice } from '../rotation/staged-move.ts';
import { swapSegments } from '../swap-segments.ts';
import { limitsOf, type Staging } from './stage-files.ts';

export interface BroughtSlice {
  readonly id: string;
  readonly planned: IngestedSlice;
  /** Of the files, without what the lake has row by row; none where no row goes to the lake. */
  readonly own: readonly StagedSlice[];
  /** These, and what remains of slices of the lake. */
  readonly arriving: readonly StagedSlice[];
  /** Live segments that retire. */
  readonly goneKeys: readonly string[];
  /** Time of which rows of the lake are replaced. */
  readonly replaced: readonly TimeRange[];
}

/** Throws VERIFY_MISMATCH, SEGMENT_WRITE_FAILED, LAKE_FULL or LEASE_LOST: nothing is published. */
export async function stageSlice(
  rooms: JobRooms,
  run: RunContext,
  staging: Staging,
  planned: IngestedSlice,
  id: string,
): Promise<BroughtSlice> {
  const nothing = { id, planned, own: [], arriving: [], goneKeys: [], replaced: [] };
  if (planned.cold === 0) return nothing;
  const { db, known, request } = staging;
  const { range } = planned;
  await beginMove(db, run.lease, { id, runId: run.runId, removal: 'none', range });
  const directory = await createStaging(rooms.fileSystem, rooms.store.stagingRoot, id);
  const silent = { ...rooms, emit: () => undefined };
  const exported = await inTransaction(
    db,
    {
      doing: `reading rows of files for ${known.dataset.name} ${formatRange(range)}`,
      isolation: 'repeatable read',
      readOnly: true,
      limits: limitsOf(rooms),
    },
    () => exportSlice(silent, run, db, { moveId: id, directory, range, filter: null, from: COLD }),
  );
  if (exported?.fingerprint.rows !== planned.cold) {
    throw notWhatWasPlanned(planned, exported?.fingerprint.rows ?? 0);
  }
  const own: StagedSlice = { ...exported, segments: await exported.segments };
  if (known.identity === null) return { ...nothing, own: [own], arriving: [own] };
  const staged = { id, slices: [own] };
  const settling = {
    rooms: silent,
    run,
    db,
    identity: known.identity,
    staged,
    open: openerOf(silent, run, staged),
  };
  const encounters = await findEncounters(settling);
  if (encounters.length > 0 && request.onConflict !== 'replace') throw metUnasked(planned);
  const settled = await settleEncounters(settling, encounters);
  return {
    id,
    planned,
    own: settled.slices,
    arriving: [...settled.slices, ...settled.remainders],
    goneKeys: settled.retiredKeys,
    replaced: settled.replaced,
  };
}

/**
 * Throws VERIFY_MISMATCH, LAKE_FULL, MOVE_NOT_OURS, LAKE_NOT_OWNED, LEASE_LOST, INGEST_CONFLICT, INGEST_REFUSED, and REFUSED where a hold
 * was set meanwhile: nothing of the slice is changed. OUTCOME_UNKNOWN: look before doing anything.
 *
 * @param fileIds the ledger's of the run's files, by their places
 */
export async function finishSlice(
  rooms: JobRooms,
  run: RunContext,
  staging: Staging,
  slice: BroughtSlice,
  fileIds: ReadonlyMap<number, string>,
): Promise<void> {
  const { db } = staging;
  const { dataset } = run;
  const { id, planned, own, arriving, goneKeys, replaced } = slice;
  const { range } = planned;
  if (own.length === 0) {
    await inTransaction(
      db,
      {
        doing: `writing rows of files into ${dataset.name} ${formatRange(range)}`,
        isolation: 'read committed',
        readOnly: false,
        limits: limitsUnderLease(rooms.settings),
      },
      async () => {
        await writeAndNote(run, staging, slice, fileIds);
        // Last, for its lock keeps anybody from taking the lease until COMMIT has ended (I8).
        await assertLease(db, run.lease);
      },
    );
    return;
  }
  const move = { id, range, slices: arriving, leaving: { rows: 0n } };
  const proven = await publishAndProve(rooms, run, db, move);
  const isSame = arriving.every(({ fingerprint }, at) => proven[at]?.rows === fingerprint.rows);
  if (proven.length !== arriving.length || !isSame) throw notProven(proven.length);
  await widenInPlace(db, dataset.name, range.toExclusive, {
    lockTimeoutMs: rooms.settings.lockTimeoutMs,
    signal: run.signal,
  });
  await swapSegments(rooms, run, db, {
    id,
    doing: `ingesting ${dataset.name} ${formatRange(range)}`,
    goneKeys,
    steps: ['commit', 'vacuumed'],
    check: async () => {
      if (replaced.length > 0) await assertNoneHeld(rooms, run, db, replaced);
      await writeAndNote(run, staging, slice, fileIds);
    },
    entry: {
      action: 'ingested',
      ranges: [range],
      rows: BigInt(own.reduce((sum, { fingerprint }) => sum + fingerprint.rows, 0)),
      facts: { hot_rows: planned.hot, on_conflict: staging.request.onConflict },
    },
  });
}

function assertNoneHeld(
  { clock }: JobRooms,
  { dataset }: RunContext,
  db: pg.Client,
  replaced: readonly TimeRange[],
): Promise<void> {
  const { name } = dataset;
  return assertNotHeld(db, {
    clock,
    refused: {
      dataset: name,
      what: `an ingest into ${name}`,
      outcome: 'Nothing of that slice was changed',
    },
    touches: (hold) => replaced.some((range) => holdsRange(hold, range)),
  });
}

async function writeAndNote(
  { runId }: RunContext,
  { db, known, request }: Staging,
  { id, planned, own }: BroughtSlice,
  fileIds: ReadonlyMap<number, string>,
): Promise<void> {
  const { table, key } = known;
  const { range } = planned;
  const hot = { table, key, range, onConflict: request.onConflict };
  await writeHotRows(db, hot);
  if (key !== null && planned.cold > 0) await assertColdAreNotHot(db, { ...hot, key });
  const files = await countByFile(db, table, range);
  await noteSlice(
    db,
    range,
    files.map(({ file, ...rows }) => ({ fileId: fileIds.get(file) ?? '', ...rows })),
    { runId, moveId: own.length === 0 ? null : id },
  );
}

/** Nobody but this session can change what is staged. */
function notWhatWasPlanned({ range, cold }: IngestedSlice, found: number): TierdError {
  return new TierdError({
    code: 'INTERNAL',
    message: `${formatRange(range)} has ${String(found)} staged rows for the lake where ${String(cold)} were planned; nothing of it was changed`,
  });
}

/** All changes of the lake are made under the lease, since the rows were compared. */
function metUnasked({ range }: IngestedSlice): TierdError {
  return new TierdError({
    code: 'INTERNAL',
    message: `${formatRange(range)} has rows whose keys the lake has, after all such were left out; nothing of it was changed`,
  });
}

/** The types say that slices were proven; this says that it was these. */
function notProven(slices: number): TierdError {
  return new TierdError({
    code: 'INTERNAL',
    message: `${String(slices)} slices were proven, and they are not those of the files; nothing was changed`,
  });
}
