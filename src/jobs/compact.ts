/**
 * compact: small segments of the lake become larger ones.
 *
 *     recover → plan → (check bytes → merge → publish → prove → swap) for each merge
 *
 * What was published stays as it was until the new segments are proven against the sum of the old
 * ones' fingerprints; readers see the ones or the others. Old files go after the grace period (I3).
 */

import type pg from 'pg';
import { agree, countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import type { TierdError } from '../domain/errors.ts';
import type { CompactionPlan } from '../domain/plan/compaction.ts';
import { type RefusedRun, throwIfRefused } from '../domain/plan/refusal.ts';
import type { EpochMs } from '../domain/time/time-range.ts';
import { beginRun } from './begin-run.ts';
import { endOfChanges } from './changes-end.ts';
import { type GatheredCompaction, gatherCompaction } from './compaction/gather-compaction.ts';
import { type CompactionTotals, mergeAll } from './compaction/merge-all.ts';
import { type CompactionOutcome, changesOf } from './compaction/outcome.ts';
import type { CompactionRooms } from './compaction/rooms.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { afterSome } from './job-failure.ts';
import type { KeptLease } from './keep-lease.ts';
import { lookingAt, onDataset } from './on-dataset.ts';
import { recordEnd } from './record-end.ts';
import { syncTable } from './rotation/iceberg/sync-table.ts';
import { recordFieldIds } from './rotation/plan/field-ids.ts';
import type { LookingRooms } from './rotation/rooms.ts';

/** The plan alone: what `--dry-run` prints. Reads, and changes nothing anywhere (I7). */
export function planCompactionOf(
  rooms: LookingRooms,
  dataset: Dataset,
  rewriteBefore?: EpochMs,
): Promise<CompactionPlan> {
  return lookingAt(rooms, dataset, async (db) => {
    const { plan } = await gatherCompaction(rooms, db, dataset, rewriteBefore);
    return plan;
  });
}

/**
 * Compacts one dataset under its lease.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, REFUSED, INTERRUPTED, or what stopped the run. Whatever it throws,
 * each merge is wholly done or wholly undone.
 */
export function compactDataset(
  rooms: CompactionRooms,
  dataset: Dataset,
  options: {
    readonly evenIfPaused: boolean;
    /** What was published before is written anew. */
    readonly rewriteBefore?: EpochMs | undefined;
  },
): Promise<CompactionOutcome> {
  return onDataset(rooms, dataset, options, async ({ db, kept }) => {
    const gathered = await gatherCompaction(rooms, db, dataset, options.rewriteBefore);
    rooms.tell({ kind: 'planned', dataset: dataset.name, plan: gathered.plan });
    return runPlan(rooms, db, dataset, kept, gathered);
  });
}

async function runPlan(
  rooms: CompactionRooms,
  db: pg.Client,
  dataset: Dataset,
  { lease, signal }: KeptLease,
  { plan, table, columns, fieldIds }: GatheredCompaction,
): Promise<CompactionOutcome> {
  const totals: CompactionTotals = { merged: [], failed: [] };
  if (plan.merges.length === 0) return { plan, totals };
  const runId = await beginRun(rooms, db, 'compact', dataset.name);
  const run = { runId, lease, dataset, table, columns, identity: null, signal };
  let failure: TierdError | null = null;
  try {
    throwIfRefused(refusedRun(plan), plan.refusals);
    await recordFieldIds(rooms, db, run, fieldIds);
    await syncTable(rooms, run, db);
    const connect = connectUntilLost(rooms.connect, signal);
    await mergeAll({ ...rooms, connect }, run, plan, totals);
  } catch (error) {
    failure = toldAsLost(error, signal);
  }
  await recordEnd(() => rooms.connect('work'), runId, endOfChanges(changesOf(totals), failure));
  if (failure !== null)
    throw totals.merged.length > 0 ? afterMerges(failure, plan, totals) : failure;
  return { plan, totals };
}

function refusedRun({ dataset }: CompactionPlan): RefusedRun {
  return { dataset, what: `the compaction of ${dataset}`, outcome: 'Nothing was changed' };
}

function afterMerges(
  failure: TierdError,
  { merges }: CompactionPlan,
  { merged }: CompactionTotals,
): TierdError {
  const planned = merges.length;
  const done = `${String(merged.length)} of ${countOf(planned, 'merge')} ${agree(planned, 'was', 'were')} done`;
  return afterSome(failure, done, { mergesDone: merged.length, mergesPlanned: planned });
}
