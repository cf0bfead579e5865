/**
 * delete: rows that a person wants to be nowhere any more leave the lake.
 *
 *     recover → plan → (check bytes → write the rest → publish → prove → swap) for each slice → remove, with --now
 *
 * Hot rows are the application's: they are counted and told. What was published stays as it was until what
 * replaces it is proven; its files go after the grace period (I3), or at once where that is wanted.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { agree, countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import type { TierdError } from '../domain/errors.ts';
import type { DeletionPlan, ThinnedSlice } from '../domain/plan/deletion.ts';
import { standing, throwIfRefused } from '../domain/plan/refusal.ts';
import type { RowCondition } from '../domain/plan/row-condition.ts';
import type { TimeRange } from '../domain/time/time-range.ts';
import { retiredKeys } from '../ledger/replaced-slices.ts';
import { beginRun } from './begin-run.ts';
import { changeEach } from './change-each.ts';
import { endOfChanges } from './changes-end.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { type GatheredDeletion, gatherDeletion } from './deletion/gather-deletion.ts';
import { changesOf, type DeletionOutcome, type DeletionTotals } from './deletion/outcome.ts';
import type {
  DeletionRequest,
  DeletionRooms,
  DeletionWish,
  LookingDeletionRooms,
} from './deletion/rooms.ts';
import { afterSome } from './job-failure.ts';
import type { KeptLease } from './keep-lease.ts';
import { lookingAt, onDataset } from './on-dataset.ts';
import { recordEnd } from './record-end.ts';
import { syncTable } from './rotation/iceberg/sync-table.ts';
import { removeRetired } from './rotation/move/recover.ts';
import { recordFieldIds } from './rotation/plan/field-ids.ts';
import type { RunContext } from './rotation/staged-move.ts';
import { finishThinned, stageThinned, type ThinnedStage, type Thinning } from './thin-slice.ts';

export interface DeleteOptions {
  /** Overrules the guards that can be overruled. */
  readonly force: boolean;
}

/** The plan alone: what `--dry-run` prints. Reads, and changes nothing anywhere (I7). */
export function planDeletionOf(
  rooms: LookingDeletionRooms,
  dataset: Dataset,
  wish: DeletionWish,
  signal: AbortSignal,
): Promise<DeletionPlan> {
  return lookingAt(
    rooms,
    dataset,
    async (db) => (await gatherDeletion(rooms, db, dataset, wish, signal)).plan,
  );
}

/**
 * Deletes rows of one dataset from the lake, under its lease.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, REFUSED, QUERY_INVALID, QUERY_NOT_ALLOWED, INTERRUPTED, or what stopped the
 * run. Whatever it throws, each slice has wholly lost the rows or is as it was.
 */
export function deleteRows(
  rooms: DeletionRooms,
  dataset: Dataset,
  request: DeletionRequest,
  options: DeleteOptions,
): Promise<DeletionOutcome> {
  return onDataset(rooms, dataset, { evenIfPaused: options.force }, async ({ db, kept }) => {
    const gathered = await gatherDeletion(rooms, db, dataset, request, kept.signal);
    rooms.tell({ kind: 'planned', dataset: dataset.name, plan: gathered.plan });
    return runPlan(rooms, db, kept, { dataset, gathered, request, options });
  });
}

interface Prepared {
  readonly dataset: Dataset;
  readonly gathered: GatheredDeletion;
  readonly request: DeletionRequest;
  readonly options: DeleteOptions;
}

async function runPlan(
  rooms: DeletionRooms,
  db: pg.Client,
  { lease, signal }: KeptLease,
  { dataset, gathered, request, options }: Prepared,
): Promise<DeletionOutcome> {
  const { plan, condition, table, columns, fieldIds } = gathered;
  const totals: DeletionTotals = { deleted: [], failed: [], removed: 0 };
  const runId = await beginRun(rooms, db, 'delete', dataset.name);
  const run = { runId, lease, dataset, table, columns, identity: null, signal };
  let failure: TierdError | null = null;
  try {
    throwIfRefused(
      {
        dataset: dataset.name,
        what: `the deletion from ${dataset.name}`,
        outcome: 'Nothing was changed',
      },
      standing(plan.refusals, options.force),
    );
    if (plan.slices.length > 0) {
      await recordFieldIds(rooms, db, run, fieldIds);
      await syncTable(rooms, run, db);
    }
    const connect = connectUntilLost(rooms.connect, signal);
    await thinAll(
      { ...rooms, connect },
      run,
      thinningOf(dataset, condition, request),
      plan,
      totals,
    );
    if (request.now) totals.removed = await removeNow(rooms, run, db, request.span);
  } catch (error) {
    failure = toldAsLost(error, signal);
  }
  await recordEnd(() => rooms.connect('work'), runId, endOfChanges(changesOf(totals), failure));
  if (failure !== null)
    throw totals.deleted.length > 0 ? afterSlices(failure, plan, totals) : failure;
  return { plan, totals };
}

function thinningOf(
  { name }: Dataset,
  condition: RowCondition,
  { where, span, reason }: DeletionRequest,
): Thinning {
  return {
    condition,
    what: `the deletion from ${name}`,
    doing: `deleting rows of ${name}`,
    entry: {
      action: 'deleted',
      facts: {
        reason,
        // Not the condition itself: it may name the very person who is to be forgotten.
        where_sha256: createHash('sha256').update(where).digest('hex'),
        from: isoOrNull(span?.fromInclusive),
        to: isoOrNull(span?.toExclusive),
      },
    },
  };
}

const isoOrNull = (at: number | undefined): string | null =>
  at === undefined ? null : new Date(at).toISOString();

/** `totals` grows as slices commit, so that it is right whenever this throws. */
async function thinAll(
  rooms: DeletionRooms,
  run: RunContext,
  thinning: Thinning,
  { dataset, slices }: DeletionPlan,
  totals: DeletionTotals,
): Promise<void> {
  await changeEach<ThinnedSlice, ThinnedStage>(rooms, run, slices, {
    stage: (planned, id) => stageThinned(rooms, run, thinning, planned, id),
    finish: (staged) => finishThinned(rooms, run, staged),
    done: (planned, { gone, rest }) => {
      const segments = rest?.segments ?? [];
      const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
      const result = { planned, segments: segments.length, bytes, rowHash: gone.rowHash };
      totals.deleted.push(result);
      rooms.tell({ kind: 'deleted', dataset, result });
    },
    failed: (planned, error) => {
      totals.failed.push({ planned, error });
      rooms.tell({ kind: 'failed', dataset, range: planned.range, reason: error.message });
    },
  });
}

/** Whoever replaced it, and when: an older copy of a row is a copy. */
async function removeNow(
  rooms: DeletionRooms,
  { dataset }: RunContext,
  db: pg.Client,
  span: TimeRange | null,
): Promise<number> {
  const keys = await retiredKeys(db, dataset.name, microsOf(span));
  await removeRetired(rooms, db, dataset.name, keys);
  return keys.length;
}

function microsOf(span: TimeRange | null): Parameters<typeof retiredKeys>[2] {
  if (span === null) return null;
  return {
    fromInclusiveUs: BigInt(span.fromInclusive) * 1000n,
    toInclusiveUs: BigInt(span.toExclusive) * 1000n - 1n,
  };
}

const rowsGone = ({ deleted }: DeletionTotals): number =>
  deleted.reduce((sum, { planned }) => sum + planned.chosen, 0);

function afterSlices(failure: TierdError, plan: DeletionPlan, totals: DeletionTotals): TierdError {
  const rows = rowsGone(totals);
  const done = `${String(rows)} of ${countOf(plan.rows, 'row')} ${agree(plan.rows, 'was', 'were')} deleted`;
  return afterSome(failure, done, { rowsDeleted: rows, rowsPlanned: plan.rows });
}
