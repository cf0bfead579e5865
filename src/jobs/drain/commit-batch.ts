/**
 * The one transaction of a batch: its rows, its dead letters and the record of it, or none of them.
 * Redis is told only after it has returned (I5).
 */
import type pg from 'pg';
import { digestOf } from '../../domain/drain/dead-letter.ts';
import type { Judge } from '../../domain/drain/judge-rows.ts';
import type { DrainSource } from '../../domain/drain/source.ts';
import { compareIds } from '../../domain/drain/stream-ids.ts';
import { describeProblem, type LiveBatch } from '../../domain/live/live-entry.ts';
import { inTransaction } from '../../hot/transaction.ts';
import {
  type Hope,
  type WrittenRows,
  writeEncoded,
  writeRows,
} from '../../hot/write/write-rows.ts';
import type { WriteTarget } from '../../hot/write/write-statements.ts';
import { advanceClaim } from '../../ledger/claims.ts';
import { addDeadLetters } from '../../ledger/dead-letters.ts';
import { recordDelivery } from '../../ledger/deliveries.ts';
import { lockSource, recordBatch } from '../../ledger/drain-sources.ts';
import { assertLease, type Lease } from '../../ledger/lease.ts';
import { advanceMark } from '../../ledger/streams.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import type { Acknowledgements, Told } from './acknowledgements.ts';
import type { BatchResult } from './batch-result.ts';
import { findKnown, type Known, type StreamOrigin } from './known-entries.ts';
import type { DrainPlan } from './plan-drain.ts';
import type { DrainRooms } from './rooms.ts';
import { countSharedByClaims } from './shared-by-claims.ts';
import { addRefused, type MappedBatch, type SortedEntries, sortEntries } from './sort-entries.ts';

/** What is the same for all sessions of a run. */
export interface DrainRun {
  readonly plan: DrainPlan;
  readonly lease: Lease;
  readonly judge: Judge;
  /** Whether the rows are likely to be new. */
  readonly hope: Hope;
  /** What Redis has been told of and the ledger not yet. */
  readonly acknowledged: Acknowledgements;
}

/**
 * Throws LEASE_LOST and whatever refuses the transaction: nothing was committed. OUTCOME_UNKNOWN: read
 * again from Redis; what was committed is then known by the ledger.
 */
export async function commitBatch(
  rooms: DrainRooms,
  { plan, lease, judge, hope }: DrainRun,
  db: pg.Client,
  mapped: MappedBatch,
): Promise<BatchResult> {
  const { source, target } = plan;
  const { batch } = mapped;
  try {
    const result = await inTransaction(
      db,
      {
        doing: `committing a batch of ${source.name}`,
        isolation: 'read committed',
        readOnly: false,
        limits: limitsUnderLease(rooms.settings),
      },
      async () => {
        // First: a COMMIT of ours that was never answered has then ended, and is seen below (I9).
        await lockSource(db, source.name, source.dataset.name);
        const known = await findKnown(db, source, batch);
        const sorted = sortEntries(mapped, judge, rooms.clock.now(), {
          isKnown: known.isKnown,
          heldFor: known.heldFor,
          flagsIndex: plan.rows.columns.findIndex(
            ({ origin }) => origin.from === 'built-in' && origin.name === '$flags',
          ),
        });
        const written = await write(db, target, sorted, hope);
        addRefused(sorted, mapped, written.refused);
        await addDeadLetters(
          db,
          {
            name: source.name,
            dataset: source.dataset.name,
            stays: source.live.kind === 'snapshot',
          },
          sorted.letters,
        );
        const told = await recordOrigin(db, source, batch, known);
        const sameKey = written.sameKey + countSharedByClaims(target, sorted);
        const counts = countBatch(batch, sorted, { ...written, sameKey }, known);
        await recordBatch(db, source.name, {
          ...counts,
          isUnsettled: batch.origin.kind === 'keys' && source.live.kind !== 'snapshot',
          problem: known.note ?? batch.problems.map(describeProblem)[0] ?? null,
        });
        // Last, for its lock keeps anybody from taking the lease until COMMIT has ended (I8).
        await assertLease(db, lease);
        return { ...counts, bytes: batch.bytes, told, note: known.note };
      },
    );
    judge.keep();
    return result;
  } catch (error) {
    judge.forget();
    throw error;
  }
}

const ALL_WRITTEN: WrittenRows = { refused: [], sameKey: 0 };

async function write(
  db: pg.Client,
  target: WriteTarget,
  { rows, encoded }: SortedEntries,
  hope: Hope,
): Promise<WrittenRows> {
  if (encoded !== null && (await writeEncoded(db, target, encoded, hope))) return ALL_WRITTEN;
  // Only now: rows that were encoded from bytes have no texts until somebody asks for them.
  const values = rows.map((row) => row.values);
  return writeRows(db, target, values, hope);
}

async function recordOrigin(
  db: pg.Client,
  source: DrainSource,
  batch: LiveBatch,
  known: Known,
): Promise<Told> {
  const { origin } = batch;
  const { name } = source;
  switch (origin.kind) {
    case 'keys':
      return { deliveries: [], claims: [] };
    case 'claimed-list':
      await advanceClaim(db, {
        claim: origin.claim,
        source: name,
        key: origin.key,
        position: origin.toIndex,
        done: origin.last,
      });
      return { deliveries: [], claims: origin.last ? [origin.claim] : [] };
    case 'stream': {
      const fresh = [...origin.ids.filter((_, index) => !known.isKnown(index)), ...known.lost];
      const added = fresh.length === 0 ? [] : [await recordDelivery(db, name, origin, fresh)];
      await moveMark(db, source, batch, origin);
      return { deliveries: [...known.deliveries, ...added], claims: [] };
    }
  }
}

/** To the last entry of the batch: those of a group's only consumer are committed in their order. */
async function moveMark(
  db: pg.Client,
  { name, dataset }: DrainSource,
  { entries }: LiveBatch,
  { key, group, ids }: StreamOrigin,
): Promise<void> {
  let last = 0;
  for (let index = 1; index < ids.length; index += 1) {
    if (compareIds(ids[index] ?? '', ids[last] ?? '') > 0) last = index;
  }
  const [id, entry] = [ids[last], entries[last]];
  if (id === undefined || entry === undefined) return;
  const mark = { source: name, group, id, digest: digestOf(entry.payload) };
  await advanceMark(db, { dataset: dataset.name, key }, mark);
}

function countBatch(
  { entries }: LiveBatch,
  { rows, letters, flags }: SortedEntries,
  { refused, sameKey }: WrittenRows,
  known: Known,
): Omit<BatchResult, 'bytes' | 'told' | 'note'> {
  let oldestTimeUs: number | null = null;
  let newestTimeUs: number | null = null;
  for (const { timeUs } of rows) {
    if (timeUs === null) continue;
    if (oldestTimeUs === null || timeUs < oldestTimeUs) oldestTimeUs = timeUs;
    if (newestTimeUs === null || timeUs > newestTimeUs) newestTimeUs = timeUs;
  }
  return {
    entries: entries.length,
    rows: rows.length - refused.length - sameKey,
    deadLetters: letters.length,
    flagged: Object.values(flags).reduce((sum, count) => sum + count, 0),
    repeated: known.count,
    sameKey,
    lost: known.lost.length,
    oldestTimeUs,
    newestTimeUs,
  };
}
