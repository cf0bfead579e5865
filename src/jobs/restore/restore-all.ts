/** Brings the planned slices back, oldest first, two at a time. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { standing } from '../../domain/plan/refusal.ts';
import type { PlannedSlice, RestorePlan } from '../../domain/plan/restore-plan.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { abandonIcebergObjects } from '../../ledger/iceberg-objects.ts';
import { settleRestore } from '../../ledger/restores.ts';
import { asTierdError, stopIfAborted } from '../job-failure.ts';
import { settlingOptions } from '../settling-options.ts';
import type { RestoredSlice } from './events.ts';
import { isSkippable, rejection } from './failure.ts';
import { restoreSlice } from './restore-slice.ts';
import type { RestoreContext, RestoreRooms, SliceWork } from './rooms.ts';
import { splitSlice } from './split-slice.ts';

export interface RestoreTotals {
  readonly restored: RestoredSlice[];
  /** Slices that were left alone; their rows are still cold, and where they were. */
  readonly failed: { readonly planned: PlannedSlice; readonly error: TierdError }[];
}

/** So that PostgreSQL copies one slice in while another is proven and committed. */
const LANES = 2;

/** `totals` grows as slices commit, so that it is right whenever this throws. */
export async function restoreAll(
  rooms: RestoreRooms,
  run: RestoreContext,
  plan: RestorePlan,
  work: readonly SliceWork[],
  force: boolean,
  totals: RestoreTotals,
): Promise<void> {
  const due = work.filter(({ planned }) => !planned.isThere);
  const lanes = followEachOther(run, due) ? 1 : LANES;
  const toCome = due.values();
  let isOver = false;
  const takeSlices = async (): Promise<void> => {
    const line = new Line(rooms);
    try {
      for (const slice of toCome) {
        if (isOver) return;
        stopIfAborted(run.signal);
        await restoreOne(rooms, run, line, plan, slice, { force, totals });
      }
    } catch (error) {
      isOver = true;
      throw error;
    } finally {
      await line.close();
    }
  };
  // What has begun ends, one way or the other, before anybody is told.
  const ended = await Promise.allSettled(Array.from({ length: lanes }, takeSlices));
  for (const slices of [totals.restored, totals.failed]) slices.sort(oldestFirst);
  for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
}

type OfSlice = Pick<RestoredSlice, 'planned'>;

const oldestFirst = (a: OfSlice, b: OfSlice): number =>
  a.planned.range.fromInclusive - b.planned.range.fromInclusive;

/**
 * A snapshot of an Iceberg table follows another; a table that is made is made once; and a slice that is split is
 * written anew with all of the memory that tierd may take.
 */
function followEachOther({ dataset, request }: RestoreContext, due: readonly SliceWork[]): boolean {
  return dataset.iceberg || request.into !== null || due.some(({ choice }) => choice !== null);
}

async function restoreOne(
  rooms: RestoreRooms,
  run: RestoreContext,
  line: Line,
  plan: RestorePlan,
  work: SliceWork,
  { force, totals }: { readonly force: boolean; readonly totals: RestoreTotals },
): Promise<void> {
  const dataset = run.dataset.name;
  const { planned } = work;
  const error =
    refusalOf(dataset, planned, force) ?? (await tryOne(rooms, run, line, plan, work, totals));
  if (error === null) return;
  stopIfAborted(run.signal);
  if (error.code !== 'MOVE_REFUSED' && !isSkippable(error)) throw error;
  totals.failed.push({ planned, error });
  rooms.tell({ kind: 'failed', dataset, range: planned.range, reason: error.message });
}

/** One connection for slices of which each came back: a small one takes no longer than opening another. */
class Line {
  readonly #rooms: RestoreRooms;
  #open: pg.Client | null = null;

  constructor(rooms: RestoreRooms) {
    this.#rooms = rooms;
  }

  async take(): Promise<pg.Client> {
    this.#open ??= await this.#rooms.connect('work');
    return this.#open;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (open !== null) await disconnect(open);
  }
}

function refusalOf(dataset: string, planned: PlannedSlice, force: boolean): TierdError | null {
  const reasons = standing(planned.obstacles, force);
  if (reasons.length === 0) return null;
  return new TierdError({
    code: 'MOVE_REFUSED',
    message: `${dataset} ${formatRange(planned.range)}: ${reasons.map(({ message }) => message).join('; ')}. Nothing of it was changed.`,
    hint: [...new Set(reasons.map(({ hint }) => hint))].join(' '),
    context: { dataset, refusals: reasons },
  });
}

/** Null when the slice is back, else why it is not. */
async function tryOne(
  rooms: RestoreRooms,
  run: RestoreContext,
  line: Line,
  plan: RestorePlan,
  work: SliceWork,
  totals: RestoreTotals,
): Promise<TierdError | null> {
  const { planned } = work;
  const dataset = run.dataset.name;
  const id = rooms.newId();
  let afterwards: TierdError | null = null;
  let rowHash: string | null = null;
  try {
    // Rows that go into another table stay where they are.
    const due = run.request.into === null ? await splitSlice(rooms, run, work) : work;
    // A split may take so long that a connection without work is ended.
    if (due !== work) await line.close();
    rowHash = await restoreSlice(rooms, run, due, { id, connect: () => line.take() });
  } catch (error) {
    // It may be broken, or in a transaction that nobody ended.
    await line.close();
    const failure = rejection(asTierdError(error), run.dataset, planned.range);
    // Back after all: the reply to COMMIT was lost, and the ledger says it took effect (I9).
    if ((await settle(rooms, run, id)) !== 'done') return failure;
    if (failure.code === 'STANDBY_SILENT') afterwards = failure;
  }
  const result = { planned, rowHash };
  totals.restored.push(result);
  rooms.tell({ kind: 'restored', dataset, result, plan });
  // The next one would wait as long, for nothing.
  if (afterwards !== null) throw afterwards;
  return null;
}

/** On a connection of its own, for the slice's may be broken. `unknown`: the next run looks (I9). */
async function settle(
  rooms: RestoreRooms,
  { dataset }: RestoreContext,
  id: string,
): Promise<'done' | 'abandoned' | 'unknown'> {
  try {
    const db = await rooms.connect('work');
    try {
      const options = settlingOptions(rooms.settings, `restore ${id}`);
      return await inTransaction(db, options, async () => {
        const settled = await settleRestore(db, id);
        if (settled === 'abandoned' && dataset.iceberg) {
          await abandonIcebergObjects(db, dataset.name, null);
        }
        return settled;
      });
    } finally {
      await disconnect(db);
    }
  } catch {
    return 'unknown';
  }
}
