/**
 * rotate: rows that have aged leave the hot store for the lake.
 *
 *     recover → plan → (export → publish → verify → commit) for each move → vacuum
 *
 * The next move is exported while this one is encoded, published and proven. Only `commitMove`
 * removes rows, and it takes what only `verifySegments` can make (I1).
 */
import type pg from 'pg';
import { agree, countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import { EXIT, TierdError } from '../domain/errors.ts';
import { datasetPaused } from '../domain/pause.ts';
import type { RotationPlan } from '../domain/plan/plan.ts';
import { type RefusedRun, standing, throwIfRefused } from '../domain/plan/refusal.ts';
import { measureTableBytes } from '../hot/measure/table-bytes.ts';
import { disconnect, withClient } from '../hot/server/connect.ts';
import type { RunEnd } from '../ledger/runs.ts';
import { beginRun } from './begin-run.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { afterSome } from './job-failure.ts';
import { type KeptLease } from './keep-lease.ts';
import { onDataset } from './on-dataset.ts';
import { lookForPause } from './pause-check.ts';
import { recordEnd } from './record-end.ts';
import { syncTable, tidyTable } from './rotation/iceberg/sync-table.ts';
import { moveAll } from './rotation/move/move-all.ts';
import { endWithoutTable, vacuumAfter, vacuumsDueOf } from './rotation/move/vacuum-after.ts';
import { againOf, type MoveTotals, type Recovered, wholenessOf } from './rotation/outcome.ts';
import { assertOwnLake, claimLake } from './rotation/own-lake.ts';
import { recordFieldIds, recordLabels } from './rotation/plan/field-ids.ts';
import { type GatheredPlan, gatherPlan } from './rotation/plan/gather-plan.ts';
import { sortByObstacles } from './rotation/plan/refusal.ts';
import type { LookingRooms, Rooms } from './rotation/rooms.ts';

export interface RotateOptions {
  /** Overrules the guards that can be overruled. */
  readonly force: boolean;
  /** Goes on although somebody has paused the dataset. */
  readonly evenIfPaused?: boolean;
}

export interface RotationOutcome {
  readonly plan: RotationPlan;
  readonly recovered: Recovered;
  readonly totals: MoveTotals;
  readonly vacuumWarnings: readonly string[];
  readonly tableBytes: TableBytes;
}

/** The hot table with all that belongs to it; null where it was not, or could not be, measured. */
export interface TableBytes {
  readonly before: number | null;
  readonly after: number | null;
}

/**
 * The plan alone: what `--dry-run` prints. Reads, and changes nothing anywhere (I7). Throws
 * DATASET_PAUSED when asked to leave out what is paused; else the plan has a note that it is.
 */
export async function planRotationOf(
  rooms: LookingRooms,
  dataset: Dataset,
  options: { readonly leaveOutPaused: boolean } = { leaveOutPaused: false },
): Promise<RotationPlan> {
  const db = await rooms.connect('work');
  try {
    const pause = await lookForPause(db, dataset.name);
    if (pause !== null && options.leaveOutPaused) throw datasetPaused(dataset.name, pause);
    await assertOwnLake(rooms, db, dataset.name);
    const { plan } = await gatherPlan(rooms, db, dataset);
    if (pause === null) return plan;
    return { ...plan, notes: [...plan.notes, datasetPaused(dataset.name, pause).message] };
  } finally {
    await disconnect(db);
  }
}

/**
 * Rotates one dataset under its lease.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, REFUSED, INTERRUPTED, or what stopped the run. Whatever it throws, each move
 * is wholly done or wholly undone, or is left to the next run's recovery, and the run's row in the
 * ledger says which rows were moved before.
 */
export function rotateDataset(
  rooms: Rooms,
  dataset: Dataset,
  options: RotateOptions,
): Promise<RotationOutcome> {
  const evenIfPaused = options.evenIfPaused === true;
  return onDataset(rooms, dataset, { evenIfPaused }, async ({ db, kept, recovered }) => {
    rooms.emit({ kind: 'recovered', dataset: dataset.name, recovered });
    const gathered = await gatherPlan(rooms, db, dataset).catch(async (failure: unknown) => {
      throw await endWithoutTable(rooms, db, recovered.vacuumDue, failure);
    });
    rooms.emit({ kind: 'planned', dataset: dataset.name, plan: gathered.plan });
    return runPlan(rooms, db, dataset, kept, { recovered, gathered, options });
  });
}

interface Prepared {
  readonly recovered: Recovered;
  readonly gathered: GatheredPlan;
  readonly options: RotateOptions;
}

async function runPlan(
  rooms: Rooms,
  db: pg.Client,
  dataset: Dataset,
  kept: KeptLease,
  { recovered, gathered, options }: Prepared,
): Promise<RotationOutcome> {
  const { plan, table, columns, fieldIds, identity } = gathered;
  const totals: MoveTotals = { moved: [], failed: [] };
  let vacuumWarnings: readonly string[] = [];
  const before = await measureTableBytes(db, table.oid);
  let after: number | null = null;
  const runId = await beginRun(rooms, db, 'rotate', dataset.name);
  const run = { runId, lease: kept.lease, dataset, table, columns, identity, signal: kept.signal };
  let failure: TierdError | null = null;
  try {
    throwIfRefused(refusedRun(plan), standing(plan.refusals, options.force));
    await claimLake(rooms, db);
    await recordFieldIds(rooms, db, run, fieldIds);
    await recordLabels(rooms, db, run, fieldIds);
    await syncTable(rooms, run, db);
    const connect = connectUntilLost(rooms.connect, kept.signal);
    const { runnable, refused } = sortByObstacles(plan, options.force);
    totals.failed.push(...refused);
    await moveAll({ ...rooms, connect }, run, runnable, totals);
    await withClient(
      () => connect('work'),
      (own) => tidyTable(rooms, run, own),
    );
  } catch (error) {
    failure = toldAsLost(error, kept.signal);
  }
  // Also after a failure: the rows that did leave have left dead ones behind.
  if (failure?.code !== 'LEASE_LOST' && failure?.code !== 'STANDBY_SILENT') {
    const again = await vacuumsDueOf(db, table.ref);
    vacuumWarnings = await vacuumAfter(rooms, run, totals.moved, recovered.vacuumDue, again);
    after = await measureTableBytes(db, table.oid);
  }
  await recordEnd(() => rooms.connect('work'), runId, {
    ...endOf(totals, failure),
    hotBytesBefore: before,
    hotBytesAfter: after,
  });
  if (failure?.code === 'INTERRUPTED') throw standingAt(plan, totals);
  if (failure !== null) throw totals.moved.length > 0 ? afterMoves(failure, plan, totals) : failure;
  return { plan, recovered, totals, vacuumWarnings, tableBytes: { before, after } };
}

function refusedRun({ dataset }: RotationPlan): RefusedRun {
  return { dataset, what: `the rotation of ${dataset}`, outcome: 'Nothing of it was changed' };
}

function afterMoves(failure: TierdError, plan: RotationPlan, totals: MoveTotals): TierdError {
  return afterSome(failure, movesDone(plan, totals), figuresOf(plan, totals));
}

function movesDone(plan: RotationPlan, { moved }: MoveTotals): string {
  return `${String(moved.length)} of ${countOf(plan.moves.length, 'move')} ${agree(plan.moves.length, 'was', 'were')} done (${countOf(rowsOf(moved), 'row')})`;
}

function rowsOf(moved: MoveTotals['moved']): bigint {
  return moved.reduce((sum, move) => sum + move.rows, 0n);
}

/** Where an interrupted run stands, in words for the person who pressed Ctrl-C. */
function standingAt(plan: RotationPlan, totals: MoveTotals): TierdError {
  return new TierdError({
    code: 'INTERRUPTED',
    message: `the rotation of ${plan.dataset} was interrupted: ${movesDone(plan, totals)}, the rest is untouched and still hot`,
    hint: 'run the same command again to go on',
    context: { dataset: plan.dataset, ...figuresOf(plan, totals) },
  });
}

function figuresOf(plan: RotationPlan, { moved }: MoveTotals): Record<string, unknown> {
  return {
    movesDone: moved.length,
    movesPlanned: plan.moves.length,
    rowsMoved: rowsOf(moved).toString(),
  };
}

function endOf(totals: MoveTotals, failure: TierdError | null): RunEnd {
  return {
    state: stateOf(totals, failure),
    rowsMoved: rowsOf(totals.moved),
    rowsAgain: againOf(totals).rows,
    rowsChanged: againOf(totals).changed,
    bytesWritten: totals.moved.reduce((sum, move) => sum + move.bytes, 0n),
    errorCode: (failure ?? totals.failed[0]?.error)?.code,
    errorMessage: (failure ?? totals.failed[0]?.error)?.message,
  };
}

function stateOf(totals: MoveTotals, failure: TierdError | null): RunEnd['state'] {
  if (failure?.code === 'INTERRUPTED') return 'interrupted';
  if (failure !== null && totals.moved.length > 0) return 'partly';
  // By the same rule as the exit code.
  if (failure !== null) return failure.exitCode === EXIT.refused ? 'refused' : 'failed';
  return wholenessOf(totals);
}
