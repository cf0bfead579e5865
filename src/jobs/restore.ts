/**
 * restore: rows of the lake come back into PostgreSQL, as they were.
 *
 *     recover → plan → (split off the rows that are wanted → check bytes → COPY → prove → retire and pin → commit)
 *       for each slice
 *
 * A slice's rows stand hot and its segments retire in one transaction, in which the rows are read back
 * and have the fingerprint that the ledger has of them: the mirror of a rotation (I1, I2).
 */

import type pg from 'pg';
import { agree, countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import type { TierdError } from '../domain/errors.ts';
import { type RefusedRun, standing, throwIfRefused } from '../domain/plan/refusal.ts';
import { dueSlices, type RestorePlan } from '../domain/plan/restore-plan.ts';
import type { RunEnd } from '../ledger/runs.ts';
import { beginRun } from './begin-run.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { afterSome } from './job-failure.ts';
import { type KeptLease } from './keep-lease.ts';
import { lookingAt, onDataset } from './on-dataset.ts';
import { recordEnd } from './record-end.ts';
import { type GatheredRestore, gatherRestore } from './restore/gather-restore.ts';
import { type RestoreTotals, restoreAll } from './restore/restore-all.ts';
import type { LookingRestoreRooms, RestoreRooms, RestoreWish } from './restore/rooms.ts';
import { takeTurns } from './restore/turns.ts';
import type { Wholeness } from './rotate-all.ts';
import { syncTable } from './rotation/iceberg/sync-table.ts';
import { recordFieldIds } from './rotation/plan/field-ids.ts';

export interface RestoreOutcome {
  readonly plan: RestorePlan;
  readonly totals: RestoreTotals;
}

/** The plan alone: what `--dry-run` prints. Reads, and changes nothing anywhere (I7). */
export function planRestoreOf(
  rooms: LookingRestoreRooms,
  dataset: Dataset,
  request: RestoreWish,
  signal: AbortSignal,
): Promise<RestorePlan> {
  return lookingAt(
    rooms,
    dataset,
    async (db) => (await gatherRestore(rooms, db, dataset, request, signal)).plan,
  );
}

/**
 * Restores under the dataset's lease.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, REFUSED, INTERRUPTED, or what stopped the run. Whatever it throws,
 * each slice is wholly back or wholly cold.
 */
export function restoreDataset(
  rooms: RestoreRooms,
  dataset: Dataset,
  request: RestoreWish,
  { force }: { readonly force: boolean },
): Promise<RestoreOutcome> {
  return onDataset(rooms, dataset, { evenIfPaused: force }, async ({ db, kept }) => {
    const gathered = await gatherRestore(rooms, db, dataset, request, kept.signal);
    rooms.tell({ kind: 'planned', dataset: dataset.name, plan: gathered.plan });
    return runPlan(rooms, db, dataset, kept, { gathered, force });
  });
}

interface Prepared {
  readonly gathered: GatheredRestore;
  readonly force: boolean;
}

async function runPlan(
  rooms: RestoreRooms,
  db: pg.Client,
  dataset: Dataset,
  kept: KeptLease,
  { gathered, force }: Prepared,
): Promise<RestoreOutcome> {
  const { plan, request, table, columns, fieldIds, mappedTo, work, whereSha256 } = gathered;
  const totals: RestoreTotals = { restored: [], failed: [] };
  const runId = await beginRun(rooms, db, 'restore', dataset.name);
  const { lease, signal } = kept;
  const run = {
    runId,
    lease,
    dataset,
    table,
    columns,
    identity: null,
    signal,
    request,
    mappedTo,
    whereSha256,
    turns: takeTurns(),
    firesTriggers: plan.refusals.some(({ guard }) => guard === 'insert_trigger'),
  };
  let failure: TierdError | null = null;
  try {
    if (plan.slices.length > 0) throwIfRefused(refusedRun(plan), standing(plan.refusals, force));
    await recordFieldIds(rooms, db, run, fieldIds);
    await syncTable(rooms, run, db);
    const connect = connectUntilLost(rooms.connect, signal);
    await restoreAll({ ...rooms, connect }, run, plan, work, force, totals);
  } catch (error) {
    failure = toldAsLost(error, signal);
  }
  await recordEnd(() => rooms.connect('work'), runId, endOf(totals, failure));
  if (failure !== null)
    throw totals.restored.length > 0 ? afterSlices(failure, plan, totals) : failure;
  return { plan, totals };
}

function refusedRun({ dataset }: RestorePlan): RefusedRun {
  return { dataset, what: `the restore of ${dataset}`, outcome: 'Nothing was changed' };
}

function afterSlices(failure: TierdError, plan: RestorePlan, totals: RestoreTotals): TierdError {
  const [done, due] = [totals.restored.length, dueSlices(plan).length];
  const told = `${String(done)} of ${countOf(due, 'slice')} ${agree(due, 'was', 'were')} brought back (${countOf(rowsOf(totals), 'row')})`;
  return afterSome(failure, told, { slicesDone: done, slicesPlanned: due });
}

export function rowsOf({ restored }: RestoreTotals): number {
  return restored.reduce((sum, { planned }) => sum + planned.rows, 0);
}

/** `refused` where guards alone were in the way of all of them. */
export function wholenessOf({ restored, failed }: RestoreTotals): Wholeness {
  if (failed.length === 0) return 'done';
  if (restored.length > 0) return 'partly';
  return failed.every(({ error }) => error.code === 'MOVE_REFUSED') ? 'refused' : 'failed';
}

function endOf(totals: RestoreTotals, failure: TierdError | null): RunEnd {
  return {
    state: stateOf(totals, failure),
    rowsMoved: BigInt(rowsOf(totals)),
    bytesWritten: 0n,
    errorCode: (failure ?? totals.failed[0]?.error)?.code,
    errorMessage: (failure ?? totals.failed[0]?.error)?.message,
  };
}

function stateOf(totals: RestoreTotals, failure: TierdError | null): RunEnd['state'] {
  if (failure?.code === 'INTERRUPTED') return 'interrupted';
  if (failure?.code === 'REFUSED') return 'refused';
  if (failure !== null) return totals.restored.length > 0 ? 'partly' : 'failed';
  return wholenessOf(totals);
}
