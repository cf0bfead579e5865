/**
 * expire: rows of the lake that are older than `cold_days` leave it, and are then nowhere.
 *
 *     recover → plan → retire, batch by batch, what goes whole → write anew, slice by slice, what has rows that stay
 *
 * No row of the hot store is touched, and no file removed: files go after the grace period (I3).
 */
import type pg from 'pg';
import { countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import type { TierdError } from '../domain/errors.ts';
import { type ExpiryPlan, rangeOf, rowsOf, type ThinnedByInterval } from '../domain/plan/expiry.ts';
import { batchesOf } from '../domain/plan/expiry-batches.ts';
import { standing, throwIfRefused } from '../domain/plan/refusal.ts';
import { beginRun } from './begin-run.ts';
import { changeEach } from './change-each.ts';
import { endOfChanges } from './changes-end.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { expireBatch } from './expiry/expire-batch.ts';
import { expiryFacts } from './expiry/expiry-facts.ts';
import { type GatheredExpiry, gatherExpiry } from './expiry/gather-expiry.ts';
import { intervalCondition } from './expiry/interval-condition.ts';
import { changesOf, type ExpiryOutcome, rowsExpired } from './expiry/outcome.ts';
import type {
  ExpiredBatch,
  ExpiryRooms,
  LookingExpiryRooms,
  NotThinned,
  ThinnedByExpiry,
} from './expiry/rooms.ts';
import { afterSome, stopIfAborted } from './job-failure.ts';
import type { KeptLease } from './keep-lease.ts';
import { lookingAt, onDataset } from './on-dataset.ts';
import { recordEnd } from './record-end.ts';
import { syncTable } from './rotation/iceberg/sync-table.ts';
import { recordFieldIds } from './rotation/plan/field-ids.ts';
import type { RunContext } from './rotation/staged-move.ts';
import { finishThinned, stageThinned, type ThinnedStage, type Thinning } from './thin-slice.ts';

export interface ExpireOptions {
  /** Overrules the guards that can be overruled. */
  readonly force: boolean;
  readonly evenIfPaused: boolean;
  /** All that the lake has of the dataset may go: somebody has typed its name for that. */
  readonly mayEmpty: boolean;
}

/** The plan alone: what `--dry-run` prints. Reads, and changes nothing anywhere (I7). */
export function planExpiryOf(
  rooms: LookingExpiryRooms,
  dataset: Dataset,
  { mayEmpty }: Pick<ExpireOptions, 'mayEmpty'>,
  signal: AbortSignal,
): Promise<ExpiryPlan> {
  const gathering = { mayEmpty, keeps: false, signal };
  return lookingAt(
    rooms,
    dataset,
    async (db) => (await gatherExpiry(rooms, db, dataset, gathering)).plan,
  );
}

/**
 * Lets one dataset's old slices expire, under its lease.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, REFUSED, INTERRUPTED, or what stopped the run. Whatever it throws,
 * each batch and each slice that is written anew has wholly lost the rows or is as it was.
 */
export function expireDataset(
  rooms: ExpiryRooms,
  dataset: Dataset,
  options: ExpireOptions,
): Promise<ExpiryOutcome> {
  return onDataset(rooms, dataset, options, async ({ db, kept }) => {
    const { mayEmpty } = options;
    const gathering = { mayEmpty, keeps: true, signal: kept.signal };
    const gathered = await gatherExpiry(rooms, db, dataset, gathering);
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
  const done: Done = { expired: [], thinned: [], failed: [] };
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
    if (plan.rows > 0) {
      await recordFieldIds(rooms, db, run, fieldIds);
      await syncTable(rooms, run, db);
    }
    const connected = { ...rooms, connect: connectUntilLost(rooms.connect, signal) };
    await retireAll(connected, run, plan, done);
    await thinAll(connected, run, plan, done);
  } catch (error) {
    failure = toldAsLost(error, signal);
  }
  const changes = changesOf(done);
  await recordEnd(() => rooms.connect('work'), runId, endOfChanges(changes, failure));
  if (failure !== null) throw changes.done.length > 0 ? afterSlices(failure, plan, done) : failure;
  return { plan, ...done };
}

/** Grows as slices commit, so that it is right whenever the run ends. */
interface Done {
  readonly expired: ExpiredBatch[];
  readonly thinned: ThinnedByExpiry[];
  readonly failed: NotThinned[];
}

async function retireAll(
  rooms: ExpiryRooms,
  run: RunContext,
  { dataset, due }: ExpiryPlan,
  { expired }: Done,
): Promise<void> {
  for (const batch of batchesOf(due)) {
    stopIfAborted(run.signal);
    await expireBatch(rooms, run, batch);
    const result = {
      range: rangeOf(batch),
      slices: batch.length,
      rows: rowsOf(batch),
      bytes: batch.reduce((sum, { bytes }) => sum + bytes, 0),
      segments: batch.reduce((sum, { segments }) => sum + segments, 0),
    };
    expired.push(result);
    rooms.tell({ kind: 'expired', dataset, batch: result });
  }
}

async function thinAll(
  rooms: ExpiryRooms,
  run: RunContext,
  { thinned: slices }: ExpiryPlan,
  { thinned, failed }: Done,
): Promise<void> {
  const { name } = run.dataset;
  await changeEach<ThinnedByInterval, ThinnedStage>(rooms, run, slices, {
    stage: (planned, id) =>
      stageThinned(rooms, run, thinningBy(run, planned.intervals), planned, id),
    finish: (staged) => finishThinned(rooms, run, staged),
    done: (planned, { rest }) => {
      const segments = rest?.segments ?? [];
      const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
      const result = { planned, segments: segments.length, bytes };
      thinned.push(result);
      rooms.tell({ kind: 'thinned', dataset: name, thinned: result });
    },
    failed: (planned, error) => {
      failed.push({ planned, error });
      rooms.tell({ kind: 'failed', dataset: name, failed: { planned, error } });
    },
  });
}

function thinningBy({ dataset, columns }: RunContext, intervals: readonly string[]): Thinning {
  const { name, intervalColumn } = dataset;
  if (intervalColumn === undefined) throw new RangeError(`${name} has no interval column`);
  return {
    condition: intervalCondition({ name, intervalColumn }, columns, intervals),
    what: `the expiry of ${name}`,
    doing: `expiring rows of ${name}`,
    entry: {
      action: 'expired',
      facts: { ...expiryFacts(dataset), intervals: intervals.join(', ') },
    },
  };
}

function afterSlices(failure: TierdError, plan: ExpiryPlan, done: Done): TierdError {
  const rows = rowsExpired(done);
  const told = `${String(rows)} of ${countOf(plan.rows, 'row')} had expired`;
  return afterSome(failure, told, { rowsExpired: rows, rowsPlanned: plan.rows });
}
