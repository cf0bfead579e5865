/**
 * expire: slices of the lake that are older than `cold_days` leave it, and are then nowhere.
 *
 *     recover → plan → retire, batch by batch
 *
 * No row of the hot store is touched, and no file removed: files go after the grace period (I3).
 */
import type pg from 'pg';
import { countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import type { TierdError } from '../domain/errors.ts';
import { batchesOf, type ExpiryPlan, rangeOf, rowsOf } from '../domain/plan/expiry.ts';
import { standing, throwIfRefused } from '../domain/plan/refusal.ts';
import type { RunEnd } from '../ledger/runs.ts';
import { beginRun } from './begin-run.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { expireBatch } from './expiry/expire-batch.ts';
import { type GatheredExpiry, gatherExpiry } from './expiry/gather-expiry.ts';
import type { ExpiredBatch, ExpiryRooms } from './expiry/rooms.ts';
import { afterSome, stopIfAborted } from './job-failure.ts';
import type { KeptLease } from './keep-lease.ts';
import { lookingAt, onDataset } from './on-dataset.ts';
import { recordEnd } from './record-end.ts';
import { syncTable } from './rotation/iceberg/sync-table.ts';
import { recordFieldIds } from './rotation/plan/field-ids.ts';
import type { LookingRooms } from './rotation/rooms.ts';

export interface ExpireOptions {
  /** Overrules the guards that can be overruled. */
  readonly force: boolean;
  readonly evenIfPaused: boolean;
  /** All that the lake has of the dataset may go: somebody has typed its name for that. */
  readonly mayEmpty: boolean;
}

export interface ExpiryOutcome {
  readonly plan: ExpiryPlan;
  readonly expired: readonly ExpiredBatch[];
}

/** The plan alone: what `--dry-run` prints. Reads, and changes nothing anywhere (I7). */
export function planExpiryOf(
  rooms: LookingRooms,
  dataset: Dataset,
  options: Pick<ExpireOptions, 'mayEmpty'>,
): Promise<ExpiryPlan> {
  return lookingAt(rooms, async (db) => (await gatherExpiry(rooms, db, dataset, options)).plan);
}

/**
 * Lets one dataset's old slices expire, under its lease.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, REFUSED, INTERRUPTED, or what stopped the run. Whatever it throws,
 * each batch has wholly expired or is as it was.
 */
export function expireDataset(
  rooms: ExpiryRooms,
  dataset: Dataset,
  options: ExpireOptions,
): Promise<ExpiryOutcome> {
  return onDataset(rooms, dataset, options, async ({ db, kept }) => {
    const gathered = await gatherExpiry(rooms, db, dataset, options);
    rooms.tell({ kind: 'planned', dataset: dataset.name, plan: gathered.plan });
    return runPlan(rooms, db, dataset, kept, { gathered, options });
  });
}

interface Prepared {
  readonly gathered: GatheredExpiry;
  readonly options: ExpireOptions;
}

async function runPlan(
  rooms: ExpiryRooms,
  db: pg.Client,
  dataset: Dataset,
  { lease, signal }: KeptLease,
  { gathered: { plan, table, columns, fieldIds }, options }: Prepared,
): Promise<ExpiryOutcome> {
  const expired: ExpiredBatch[] = [];
  // Also where nothing is due: the next run holds its clock against this one's.
  const runId = await beginRun(rooms, db, 'expire', dataset.name);
  const run = { runId, lease, dataset, table, columns, identity: null, signal };
  let failure: TierdError | null = null;
  try {
    throwIfRefused(
      {
        dataset: dataset.name,
        what: `the expiry of ${dataset.name}`,
        outcome: 'Nothing was changed',
      },
      standing(plan.refusals, options.force),
    );
    if (plan.due.length > 0) {
      await recordFieldIds(rooms, db, run, fieldIds);
      await syncTable(rooms, run, db);
    }
    const connect = connectUntilLost(rooms.connect, signal);
    for (const batch of batchesOf(plan.due)) {
      stopIfAborted(signal);
      await expireBatch({ ...rooms, connect }, run, batch);
      const result = {
        range: rangeOf(batch),
        slices: batch.length,
        rows: rowsOf(batch),
        bytes: batch.reduce((sum, { bytes }) => sum + bytes, 0),
        segments: batch.reduce((sum, { segments }) => sum + segments, 0),
      };
      expired.push(result);
      rooms.tell({ kind: 'expired', dataset: dataset.name, batch: result });
    }
  } catch (error) {
    failure = toldAsLost(error, signal);
  }
  await recordEnd(() => rooms.connect('work'), runId, endOf(expired, failure));
  if (failure !== null) throw expired.length > 0 ? afterBatches(failure, plan, expired) : failure;
  return { plan, expired };
}

function afterBatches(
  failure: TierdError,
  plan: ExpiryPlan,
  expired: readonly ExpiredBatch[],
): TierdError {
  const rows = expired.reduce((sum, batch) => sum + batch.rows, 0);
  const done = `${String(rows)} of ${countOf(plan.rows, 'row')} had expired`;
  return afterSome(failure, done, { rowsExpired: rows, rowsPlanned: plan.rows });
}

/** No row is moved from one store to the other. */
function endOf(expired: readonly ExpiredBatch[], failure: TierdError | null): RunEnd {
  return {
    state: stateOf(expired, failure),
    rowsMoved: 0n,
    bytesWritten: 0n,
    errorCode: failure?.code,
    errorMessage: failure?.message,
  };
}

function stateOf(expired: readonly ExpiredBatch[], failure: TierdError | null): RunEnd['state'] {
  if (failure === null) return 'done';
  if (failure.code === 'INTERRUPTED') return 'interrupted';
  if (expired.length > 0) return 'partly';
  return failure.code === 'REFUSED' ? 'refused' : 'failed';
}
