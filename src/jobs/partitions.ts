/**
 * partitions: a table that is cut by ranges of time has its partitions before rows come for them.
 *
 *     plan → (make → rows of its time out of the default partition → attach) for each that is missing
 *
 * Each is one transaction, which is wholly done or not at all: a row is in the default partition or in the new one, for
 * every reader (I4). The lake is not looked at, and the dataset's own lease is not taken: a rotation may take hours.
 */
import type pg from 'pg';
import { partitionsChainOf } from '../domain/audit.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import {
  type MadePartition,
  type PartitionOutcome,
  type PartitionPlan,
  type PlannedPartition,
  refusalsOfAll,
} from '../domain/plan/partition-plan.ts';
import { reachOf } from '../domain/plan/partitions-ahead.ts';
import { type Refusal, throwIfRefused } from '../domain/plan/refusal.ts';
import { formatTable } from '../domain/table.ts';
import { type GatheredPartitions, gatherPartitions } from '../hot/partitions/gather-partitions.ts';
import { makeAhead } from '../hot/partitions/make-ahead.ts';
import { whileLooking } from '../hot/partitions/while-looking.ts';
import { disconnect } from '../hot/server/connect.ts';
import { inTransaction } from '../hot/transaction.ts';
import { addAuditEntry } from '../ledger/audit.ts';
import { assertNotRenamed } from '../ledger/former-names.ts';
import { assertLease } from '../ledger/lease.ts';
import { assertMigrated } from '../ledger/migrate.ts';
import { abandonRuns } from '../ledger/runs.ts';
import { actorOf } from './audit/actor.ts';
import { beginRun } from './begin-run.ts';
import { earlierClock } from './both-clocks.ts';
import { toldAsLost } from './cut-when-lost.ts';
import { afterSome, asTierdError, stopIfAborted } from './job-failure.ts';
import type { KeptLease } from './keep-lease.ts';
import { limitsUnderLease } from './limits-under-lease.ts';
import {
  type PartitionLookingRooms,
  type PartitionRooms,
  partitionLeaseOf,
} from './partitioning/rooms.ts';
import { assertNotPaused } from './pause-check.ts';
import { recordEnd } from './record-end.ts';
import { whileLeased } from './while-leased.ts';

const JOB = 'partitions';

/** The plan alone: what `--dry-run` prints. Reads, and changes nothing anywhere (I7). */
export async function planPartitionsOf(
  rooms: PartitionLookingRooms,
  dataset: Dataset,
): Promise<PartitionPlan> {
  const db = await rooms.connect('work');
  try {
    return (await gather(rooms, db, dataset)).plan;
  } catch (error) {
    throw asTierdError(error);
  } finally {
    await disconnect(db);
  }
}

/**
 * Makes what one dataset's table lacks.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, REFUSED, LOCK_TIMEOUT, INTERRUPTED, or what stopped the run. Whatever it throws, each
 * partition is wholly made or not at all, and every row is in the table once.
 */
export async function makePartitionsAhead(
  rooms: PartitionRooms,
  dataset: Dataset,
  { evenIfPaused }: { readonly evenIfPaused: boolean },
): Promise<PartitionOutcome> {
  const { name } = dataset;
  const lease = partitionLeaseOf(name);
  const db = await rooms.connect('work');
  try {
    await assertMigrated(db);
    await assertNotRenamed(db, name);
    if (!evenIfPaused) await assertNotPaused(db, name);
    return await whileLeased(rooms, { name: lease, db }, async (kept) => {
      await abandonRuns(db, JOB, lease);
      const gathered = await gather(rooms, db, dataset);
      return runPlan(rooms, db, dataset, kept, gathered);
    });
  } catch (error) {
    throw asTierdError(error);
  } finally {
    await disconnect(db);
  }
}

async function runPlan(
  rooms: PartitionRooms,
  db: pg.Client,
  dataset: Dataset,
  kept: KeptLease,
  gathered: GatheredPartitions,
): Promise<PartitionOutcome> {
  const { plan, found, now } = gathered;
  const made: MadePartition[] = [];
  if (plan.missing.length + plan.refusals.length === 0) return { plan, made, reach: plan.reach };
  const runId = await beginRun(rooms, db, JOB, partitionLeaseOf(dataset.name));
  let failure: TierdError | null = null;
  try {
    throwIfStanding(plan, plan.refusals, made);
    // One range whose rows can't move keeps nobody from the others: they would be missed next.
    let late: TierdError | null = null;
    for (const one of plan.missing.filter(({ refusals }) => refusals.length === 0)) {
      stopIfAborted(kept.signal);
      try {
        const rowsMoved = await makeOne(rooms, db, dataset, { kept, runId, gathered }, one);
        made.push({ ref: one.ref, range: one.range, rowsMoved });
      } catch (error) {
        if (!(error instanceof TierdError && error.code === 'REFUSED')) throw error;
        late ??= error;
      }
    }
    throwIfStanding(plan, refusalsOfAll(plan), made);
    if (late !== null) throw late;
  } catch (error) {
    failure = toldAsLost(error, kept.signal);
  }
  await recordEnd(() => rooms.connect('work'), runId, {
    state: stateOf(made, failure),
    rowsMoved: 0n,
    bytesWritten: 0n,
    errorCode: failure?.code,
    errorMessage: failure?.message,
  });
  if (failure !== null) {
    throw made.length > 0 && !failure.partly ? afterPartitions(failure, plan, made) : failure;
  }
  const ranges = [...found.partitions, ...made].map(({ range }) => range);
  return { plan, made, reach: reachOf(ranges, now) };
}

function throwIfStanding(
  { dataset, missing }: PartitionPlan,
  refusals: readonly Refusal[],
  made: readonly MadePartition[],
): void {
  const isSome = made.length > 0;
  throwIfRefused(
    {
      dataset,
      what: `making ${isSome ? `${String(missing.length - made.length)} of ${String(missing.length)} ` : ''}partitions of ${dataset}`,
      outcome: isSome ? 'The others were made' : 'Nothing was changed',
      partly: isSome,
    },
    refusals,
  );
}

interface Making {
  readonly kept: KeptLease;
  readonly runId: bigint;
  readonly gathered: GatheredPartitions;
}

function makeOne(
  rooms: PartitionRooms,
  db: pg.Client,
  dataset: Dataset,
  { kept: { lease, signal }, runId, gathered: { table, found, newest } }: Making,
  { ref, range, defaultRows }: PlannedPartition,
): Promise<bigint> {
  const options = {
    doing: `making ${formatTable(ref)}, a partition of ${formatTable(table.ref)}`,
    isolation: 'read committed',
    readOnly: false,
    limits: limitsUnderLease(rooms.settings),
  } as const;
  return inTransaction(db, options, async () => {
    const rowsMoved = await makeAhead(
      db,
      table,
      { ref, range },
      {
        modelOid: newest?.oid ?? table.oid,
        fallback: found.fallback,
        hasDefaultRows: defaultRows > 0,
        lockTimeoutMs: rooms.settings.lockTimeoutMs,
        signal,
      },
    );
    await addAuditEntry(db, {
      action: 'partition_made',
      chain: partitionsChainOf(dataset.name),
      at: rooms.clock.now(),
      by: actorOf(rooms),
      runId,
      ranges: [range],
      rows: rowsMoved,
      facts: { partition: formatTable(ref) },
    });
    await assertLease(db, lease);
    return rowsMoved;
  });
}

async function gather(
  { clock, settings }: PartitionLookingRooms,
  db: pg.Client,
  dataset: Dataset,
): Promise<GatheredPartitions> {
  // Of two clocks the earlier: one that runs years ahead must not fill the catalogue.
  const now = await earlierClock(clock.now(), db);
  return whileLooking(db, dataset.table, settings, () => gatherPartitions(db, dataset, now));
}

function stateOf(
  made: readonly MadePartition[],
  failure: TierdError | null,
): 'done' | 'interrupted' | 'partly' | 'refused' | 'failed' {
  if (failure === null) return 'done';
  if (failure.code === 'INTERRUPTED') return 'interrupted';
  if (made.length > 0) return 'partly';
  return failure.code === 'REFUSED' ? 'refused' : 'failed';
}

function afterPartitions(
  failure: TierdError,
  { missing }: PartitionPlan,
  made: readonly MadePartition[],
): TierdError {
  const told = `${String(made.length)} of ${String(missing.length)} partitions were made`;
  return afterSome(failure, told, {
    partitionsMade: made.length,
    partitionsPlanned: missing.length,
  });
}
