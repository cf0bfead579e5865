/**
 * The first half of a move: its rows are read in one snapshot and written to Parquet files in the
 * lake's staging area. Nothing is removed, and no reader can see the files.
 */
import type pg from 'pg';
import { TierdError } from '../../../domain/errors.ts';
import { linkSignals } from '../../../domain/linked-signal.ts';
import type { PlannedMove } from '../../../domain/plan/plan.ts';
import { judgeStaleAggregate } from '../../../domain/plan/stale-aggregates.ts';
import { formatRange, splitByUnit } from '../../../domain/time/time-range.ts';
import { digestMode, digestSlice, type RowsDigest } from '../../../hot/measure/digest.ts';
import { lockForExport } from '../../../hot/read-lock.ts';
import { disconnect } from '../../../hot/server/connect.ts';
import { assertSameColumns } from '../../../hot/table/columns-print.ts';
import { assertNothingOfTheirOwn } from '../../../hot/table/heirs.ts';
import { findStaleAggregates } from '../../../hot/timescale/stale-aggregates.ts';
import { inTransaction } from '../../../hot/transaction.ts';
import { createStaging } from '../../../lake/staging.ts';
import { listColdRanges } from '../../../ledger/live-segments.ts';
import { beginMove } from '../../../ledger/moves.ts';
import { filterOf } from '../region-filter.ts';
import type { Rooms } from '../rooms.ts';
import type { ExportedSlice, RunContext, StagedMove, StagedSlice } from '../staged-move.ts';
import { exportSlice } from './export-slice.ts';

export interface Staging {
  readonly id: string;
  /** Settles when PostgreSQL has been read: the next move's export may begin then. */
  readonly exported: Promise<void>;
  /** Settles when the files are whole. */
  readonly staged: Promise<StagedMove>;
  /** Stops at the next batch; `staged` rejects then. */
  abort(): void;
}

/** Begins a move and reads its rows. */
export function stageMove(rooms: Rooms, run: RunContext, move: PlannedMove): Staging {
  const id = rooms.newId();
  const own = linkSignals(run.signal);
  const exporting = exportMove(rooms, { ...run, signal: own.signal }, move, id);
  const staged = exporting.then(({ encoding, ...move }) => encodeAll(move, encoding));
  const exported = exporting.then(() => undefined);
  // All carry the same failure; whoever awaits `staged` sees it.
  exported.catch(() => undefined);
  staged.catch(() => undefined).finally(own.release);
  return {
    id,
    exported,
    staged,
    abort: () => {
      own.abort();
    },
  };
}

type ExportedMove = Omit<StagedMove, 'slices'> & { readonly encoding: readonly ExportedSlice[] };

async function exportMove(
  rooms: Rooms,
  run: RunContext,
  move: PlannedMove,
  id: string,
): Promise<ExportedMove> {
  const db = await rooms.connect('work');
  const encoding: ExportedSlice[] = [];
  try {
    await beginMove(db, run.lease, {
      id,
      runId: run.runId,
      removal: move.removal,
      range: move.range,
    });
    const directory = await createStaging(rooms.fileSystem, rooms.store.stagingRoot, id);
    const doing = `exporting ${run.dataset.name} ${formatRange(move.range)}`;
    const { statementTimeoutMs, lockTimeoutMs } = rooms.settings;
    const limits = { statementTimeoutMs, lockTimeoutMs };
    return await inTransaction(
      db,
      { doing, isolation: 'repeatable read', readOnly: true, limits, isSerial: true },
      async () => {
        await lockForExport(db, run.table, move);
        const kept = `${run.dataset.name} ${formatRange(move.range)} stays hot and nothing of it was deleted`;
        await assertSameColumns(db, run.table, kept);
        await assertNothingOfTheirOwn(db, run.table, kept);
        const filter = filterOf(run.dataset, move.lane);
        const mode = await digestMode(db, run.table, move.range);
        if (mode === 'content' && move.removal === 'delete') throw compressedMeanwhile(run, move);
        await assertTakenUp(db, run, move);
        // Every slice of the range, also those that were empty when the plan was made: a late row
        // that has come in since then is in this snapshot and must be in the files.
        for (const range of splitByUnit(move.range, run.dataset.slice)) {
          // One slice encodes while one is read; a third would only wait, and hold memory.
          await encoding.at(-1)?.segments;
          const slice = await exportSlice(rooms, run, db, { moveId: id, directory, range, filter });
          if (slice !== null) encoding.push(slice);
        }
        const source = await digestSlice(db, run.table, move.range, filter, mode);
        assertWhole(run, move, source, encoding);
        return { id, move, source, encoding };
      },
    );
  } catch (error) {
    await Promise.allSettled(encoding.map((slice) => slice.segments));
    throw error;
  } finally {
    await disconnect(db);
  }
}

/**
 * Once more, for a row may have come late since the plan was made: in this snapshot is all that leaves.
 * What was known, and forced, when planning is passed.
 */
async function assertTakenUp(
  db: pg.Client,
  { dataset, table }: RunContext,
  move: PlannedMove,
): Promise<void> {
  if (move.obstacles.some(({ guard }) => guard === 'continuous_aggregate')) return;
  const found = await findStaleAggregates(db, table, {
    leaving: [move.range],
    readCold: () => listColdRanges(db, dataset.name),
  });
  const [refusal] = found.flatMap((each) => judgeStaleAggregate(table, each, move.range) ?? []);
  if (refusal === undefined) return;
  throw new TierdError({
    code: 'AGGREGATE_BEHIND',
    message: `${dataset.name} ${formatRange(move.range)} stays hot: ${refusal.message}; nothing was deleted`,
    hint: refusal.hint,
  });
}

/** Deleting from it would unpack it, which the planner never asks for. */
function compressedMeanwhile(run: RunContext, move: PlannedMove): TierdError {
  return new TierdError({
    code: 'PARTS_CHANGED',
    message: `a chunk of ${run.dataset.name} ${formatRange(move.range)} was compressed since the plan was made; its rows stay hot and nothing was deleted`,
    hint: 'run again: the plan is made anew from what is there',
  });
}

async function encodeAll(
  move: Omit<StagedMove, 'slices'>,
  encoding: readonly ExportedSlice[],
): Promise<StagedMove> {
  const slices: StagedSlice[] = [];
  for (const slice of encoding) slices.push({ ...slice, segments: await slice.segments });
  return { ...move, slices: slices.filter((slice) => slice.segments.length > 0) };
}

/**
 * COPY and digest read the same snapshot, so anything but the same number of rows is a defect; but
 * not where TimescaleDB compressed a chunk in between: a snapshot from before sees it as half gone.
 */
function assertWhole(
  run: RunContext,
  move: PlannedMove,
  source: RowsDigest,
  slices: readonly ExportedSlice[],
): void {
  const exported = slices.reduce((sum, slice) => sum + BigInt(slice.fingerprint.rows), 0n);
  if (exported === source.rows) return;
  const chunked = run.table.kind === 'hypertable';
  throw new TierdError({
    code: chunked ? 'DIGEST_MISMATCH' : 'INTERNAL',
    message: `${run.dataset.name} ${formatRange(move.range)}: ${exported.toString()} rows were exported of ${source.rows.toString()} in the same snapshot${chunked ? ': a chunk was compressed or decompressed meanwhile' : ''}; nothing was deleted`,
  });
}
