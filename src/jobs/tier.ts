/**
 * tier: old segments of the lake go to its far place.
 *
 *     recover → claim the far place → near copies go whose readers had their time → (copy → prove → commit) for each batch
 *
 * A segment lies near until it is proven to lie far, and for a grace period after it is read there (I1, I3). Its key and
 * its bytes are the same in both places, so that whoever reads the lake, or works on it, need not know where it lies.
 */
import type pg from 'pg';
import { countOf } from '../domain/count.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import {
  batchesForFar,
  bytesOfAll,
  type NearSegment,
  type TieringPlan,
} from '../domain/plan/tiering.ts';
import type { ObjectStore, Tiers } from '../lake/object-store.ts';
import { sweepSmallStaging } from '../lake/small-staging.ts';
import { rememberedLake } from '../ledger/lake-identity.ts';
import { beginRun } from './begin-run.ts';
import { endOfChanges } from './changes-end.ts';
import { connectUntilLost, toldAsLost } from './cut-when-lost.ts';
import { afterSome, stopIfAborted } from './job-failure.ts';
import type { KeptLease } from './keep-lease.ts';
import { assertRoom } from './lake-copy/assert-room.ts';
import { lookingAt, onDataset } from './on-dataset.ts';
import { recordEnd } from './record-end.ts';
import { syncTable } from './rotation/iceberg/sync-table.ts';
import { recordFieldIds } from './rotation/plan/field-ids.ts';
import type { LookingRooms } from './rotation/rooms.ts';
import { clearNear } from './tiering/clear-near.ts';
import { claimFar } from './tiering/far-place.ts';
import { type GatheredTiering, gatherTiering } from './tiering/gather-tiering.ts';
import type { NotSent, TieringOutcome, TieringRooms } from './tiering/rooms.ts';
import { sendBatch } from './tiering/send-batch.ts';

/** The plan alone: what `--dry-run` prints. Reads, and changes nothing anywhere (I7). @throws TierdError USAGE where all of the lake lies in one place */
export async function planTieringOf(rooms: LookingRooms, dataset: Dataset): Promise<TieringPlan> {
  const { far } = tiersOf(rooms.store);
  return lookingAt(rooms, dataset, async (db) => {
    const { plan } = await gatherTiering(rooms, db, dataset, far.place);
    return plan;
  });
}

/**
 * Sends what is due of one dataset far, under its lease.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, USAGE, INTERRUPTED, or what stopped the run. Whatever it throws, each segment is
 * read where it was or where it was to go, and lies there.
 */
export async function tierDataset(
  rooms: TieringRooms,
  dataset: Dataset,
  options: { readonly evenIfPaused: boolean },
): Promise<TieringOutcome> {
  const tiers = tiersOf(rooms.store);
  return onDataset(rooms, dataset, options, async ({ db, kept }) => {
    const gathered = await gatherTiering(rooms, db, dataset, tiers.far.place);
    rooms.tell({ kind: 'planned', dataset: dataset.name, plan: gathered.plan });
    return runPlan(rooms, tiers, db, dataset, kept, gathered);
  });
}

interface Done {
  readonly sent: NearSegment[];
  readonly gone: NearSegment[];
  readonly failed: NotSent[];
}

async function runPlan(
  rooms: TieringRooms,
  tiers: Tiers,
  db: pg.Client,
  dataset: Dataset,
  { lease, signal }: KeptLease,
  { plan, table, columns, fieldIds }: GatheredTiering,
): Promise<TieringOutcome> {
  // Grows as segments go, so that it is right whenever the run ends.
  const done: Done = { sent: [], gone: [], failed: [] };
  if (plan.due.length + plan.needless.length === 0) return outcomeOf(plan, done);
  const runId = await beginRun(rooms, db, 'tier', dataset.name);
  const run = { runId, lease, dataset, table, columns, identity: null, signal };
  let failure: TierdError | null = null;
  try {
    const connected = { ...rooms, connect: connectUntilLost(rooms.connect, signal) };
    await claim(connected, tiers, db);
    await clearNear(connected, tiers, run, db, plan.needless, done);
    await recordFieldIds(rooms, db, run, fieldIds);
    await syncTable(connected, run, db);
    await assertRoomFor(connected, tiers, plan);
    for (const batch of batchesForFar(plan.due)) {
      stopIfAborted(signal);
      const { sent, failed } = await sendBatch(connected, tiers, run, db, batch);
      done.sent.push(...sent);
      done.failed.push(...failed);
    }
  } catch (error) {
    failure = toldAsLost(error, signal);
  }
  const end = endOfChanges({ done: done.sent, failed: done.failed.map(withError) }, failure);
  await recordEnd(() => rooms.connect('work'), runId, end);
  if (failure !== null) throw done.sent.length > 0 ? afterSegments(failure, plan, done) : failure;
  return outcomeOf(plan, done);
}

async function claim(rooms: TieringRooms, tiers: Tiers, db: pg.Client): Promise<void> {
  const remembered = await rememberedLake(db);
  if (remembered === null) throw new RangeError('a lake without segments has none that are due');
  const { fileSystem } = rooms.farDisk;
  await sweepSmallStaging(fileSystem, tiers.far.stagingRoot);
  await claimFar(rooms, tiers, db, remembered);
}

/** @throws TierdError LAKE_FULL */
async function assertRoomFor(
  { farDisk }: TieringRooms,
  { far }: Tiers,
  { due }: TieringPlan,
): Promise<void> {
  const sizes: number[] = [];
  for (const { key, bytes } of due) {
    // What waits to be sent to a bucket is a few at a time, and each look there takes a request.
    const isMissing = !farDisk.isLocal || (await far.stat(key)) === null;
    if (isMissing) sizes.push(bytes);
  }
  await assertRoom({ ...farDisk, store: far }, sizes, '`lake.far.min_free`');
}

/** @throws TierdError USAGE */
function tiersOf({ tiers, place }: Pick<ObjectStore, 'tiers' | 'place'>): Tiers {
  if (tiers !== null) return tiers;
  throw new TierdError({
    code: 'USAGE',
    message: `the lake ${place} has no far place; nothing was done.`,
    hint: 'name one in `lake.far` of the configuration, and in `far_days` from which age on segments go there',
  });
}

const withError = ({ key, reason }: NotSent): { readonly error: TierdError } => ({
  error: new TierdError({ code: 'LAKE_UNREADABLE', message: reason, context: { key } }),
});

function outcomeOf(plan: TieringPlan, { sent, gone, failed }: Done): TieringOutcome {
  return {
    plan,
    sent: sent.length,
    sentBytes: bytesOfAll(sent),
    cleared: gone.length,
    clearedBytes: bytesOfAll(gone),
    failed,
  };
}

function afterSegments(failure: TierdError, { due }: TieringPlan, { sent }: Done): TierdError {
  const told = `${String(sent.length)} of ${countOf(due.length, 'segment')} had gone far`;
  return afterSome(failure, told, { segmentsSent: sent.length, segmentsPlanned: due.length });
}
