/**
 * restore: rows of the lake come back into PostgreSQL, as they were.
 *
 *     recover → plan → (check bytes → COPY → prove → retire and pin → commit) for each slice
 *
 * A slice's rows stand hot and its segments retire in one transaction, in which the rows are read back
 * and have the fingerprint that the ledger has of them: the mirror of a rotation (I1, I2).
 */
import type pg from 'pg';
import { agree, countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { dueSlices, type RestorePlan, standing } from '../domain/plan/restore-plan.ts';
import { disconnect } from '../hot/server/connect.ts';
import { assertMigrated } from '../ledger/migrate.ts';
import { type RunEnd, startRun } from '../ledger/runs.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { asTierdError } from './job-failure.ts';
import { type KeptLease } from './keep-lease.ts';
import { assertNotPaused } from './pause-check.ts';
import { recordEnd } from './record-end.ts';
import { type GatheredRestore, gatherRestore } from './restore/gather-restore.ts';
import { type RestoreTotals, restoreAll } from './restore/restore-all.ts';
import type { RestoreRequest, RestoreRooms } from './restore/rooms.ts';
import type { Wholeness } from './rotate-all.ts';
import { syncTable } from './rotation/iceberg/sync-table.ts';
import { recover } from './rotation/move/recover.ts';
import { assertOwnLake, holdLake } from './rotation/own-lake.ts';
import { recordFieldIds } from './rotation/plan/field-ids.ts';
import type { LookingRooms } from './rotation/rooms.ts';
import { whileLeased } from './while-leased.ts';

export interface RestoreOutcome {
  readonly plan: RestorePlan;
  readonly totals: RestoreTotals;
}

/** The plan alone: what `--dry-run` prints. Reads, and changes nothing anywhere (I7). */
export async function planRestoreOf(
  rooms: LookingRooms,
  dataset: Dataset,
  request: RestoreRequest,
): Promise<RestorePlan> {
  const db = await rooms.connect('work');
  try {
    await assertMigrated(db);
    await assertOwnLake(rooms, db);
    return (await gatherRestore(rooms, db, dataset, request)).plan;
  } finally {
    await disconnect(db);
  }
}

/**
 * Restores under the dataset's lease.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, REFUSED, INTERRUPTED, or what stopped the run. Whatever it throws,
 * each slice is wholly back or wholly cold.
 */
export async function restoreDataset(
  rooms: RestoreRooms,
  dataset: Dataset,
  request: RestoreRequest,
  { force }: { readonly force: boolean },
): Promise<RestoreOutcome> {
  const db = await rooms.connect('work');
  try {
    await assertMigrated(db);
    if (!force) await assertNotPaused(db, dataset.name);
    return await whileLeased(rooms, { name: dataset.name, db }, async (kept) => {
      const silent = { ...rooms, emit: () => undefined };
      await holdLake(silent, db);
      await recover(silent, db, kept.lease);
      const gathered = await gatherRestore(rooms, db, dataset, request);
      rooms.tell({ kind: 'planned', dataset: dataset.name, plan: gathered.plan });
      return await runPlan(rooms, db, dataset, kept, { gathered, request, force });
    });
  } catch (error) {
    throw asTierdError(error);
  } finally {
    await disconnect(db);
  }
}

interface Prepared {
  readonly gathered: GatheredRestore;
  readonly request: RestoreRequest;
  readonly force: boolean;
}

async function runPlan(
  rooms: RestoreRooms,
  db: pg.Client,
  dataset: Dataset,
  kept: KeptLease,
  { gathered, request, force }: Prepared,
): Promise<RestoreOutcome> {
  const { plan, table, columns, fieldIds, work } = gathered;
  const totals: RestoreTotals = { restored: [], failed: [] };
  const runId = await startRun(db, {
    job: 'restore',
    dataset: dataset.name,
    holder: rooms.holder,
    isByHand: rooms.isByHand,
    startedAtMs: rooms.clock.now(),
  });
  const { lease, signal } = kept;
  const run = { runId, lease, dataset, table, columns, identity: null, signal, request };
  let failure: TierdError | null = null;
  try {
    throwIfRefused(plan, force);
    await recordFieldIds(rooms, db, run, fieldIds);
    await syncTable({ ...rooms, emit: () => undefined }, run, db);
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

function throwIfRefused(plan: RestorePlan, force: boolean): void {
  const reasons = standing(plan.refusals, force);
  if (reasons.length === 0 || plan.slices.length === 0) return;
  const isForceable = reasons.every(({ forceable }) => forceable);
  throw new TierdError({
    code: 'REFUSED',
    message: `the restore of ${plan.dataset} is refused: ${reasons.map(({ message }) => message).join('; ')}. Nothing was changed.`,
    hint: `${reasons.map(({ hint }) => hint).join('; ')}${isForceable ? '' : ' (--force does not overrule this)'}`,
    context: { dataset: plan.dataset, refusals: reasons },
  });
}

/** The same failure, told with what the run had done by then. */
function afterSlices(failure: TierdError, plan: RestorePlan, totals: RestoreTotals): TierdError {
  const { code, message, hint, context, cause } = failure;
  const [done, due] = [totals.restored.length, dueSlices(plan).length];
  return new TierdError({
    code,
    message: `${message}; before that ${String(done)} of ${countOf(due, 'slice')} ${agree(due, 'was', 'were')} brought back (${countOf(rowsOf(totals), 'row')})`,
    ...(hint === undefined ? {} : { hint }),
    context: { ...context, slicesDone: done, slicesPlanned: due },
    cause,
    partly: true,
  });
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
