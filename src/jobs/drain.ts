/**
 * drain: entries of Redis become rows of the hot store, each once. Read → map and judge → one
 * transaction (rows, dead letters, record) → acknowledge; batch after batch, until nothing is left.
 */

import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { countOf } from '../domain/count.ts';
import { openJudge } from '../domain/drain/judge-rows.ts';
import type { DrainSource } from '../domain/drain/source.ts';
import { TierdError } from '../domain/errors.ts';
import type { LiveBatch } from '../domain/live/live-entry.ts';
import type { Hope } from '../hot/write/write-rows.ts';
import { abandonRuns, type RunEnd } from '../ledger/runs.ts';
import type { LiveStore } from '../live/connect.ts';
import { beginRun } from './begin-run.ts';
import { connectUntilLost } from './cut-when-lost.ts';
import { Acknowledgements } from './drain/acknowledgements.ts';
import { backoffMs } from './drain/backoff.ts';
import type { DrainRun } from './drain/commit-batch.ts';
import { drainLeaseOf } from './drain/lease-name.ts';
import {
  type FirstFindings,
  judgeFirstBatch,
  lookBeforeTaking,
  SCORE,
  timesToJudge,
} from './drain/look-first.ts';
import { noteTrouble } from './drain/note-trouble.ts';
import type { DrainRooms } from './drain/rooms.ts';
import { type Checkpoint, openSession, type Session, type SessionHooks } from './drain/session.ts';
import { addBatch, type DrainTotals, newTotals } from './drain/totals.ts';
import { type UnderLease, underLease } from './drain/under-lease.ts';
import { asTierdError, stopIfAborted } from './job-failure.ts';
import { assertNotPaused, untilResumed } from './pause-check.ts';
import { recordEnd } from './record-end.ts';

export interface DrainOptions {
  /** Rests this long when nothing is left, and looks again; null ends then. */
  readonly followEveryMs: number | null;
  /** Goes on although somebody has paused the dataset. */
  readonly evenIfPaused?: boolean;
}

/**
 * Drains one source under its lease, and waits for a store that is away for as long as the settings
 * say.
 *
 * Throws LEASE_HELD, DATASET_PAUSED, UNIQUE_KEY_MISSING, INTERRUPTED, or what stopped it. Whatever it throws, every
 * entry is either in Redis, or in PostgreSQL as a row or a dead letter; the next run goes on.
 */
export async function drainSource(
  rooms: DrainRooms,
  source: DrainSource,
  options: DrainOptions,
): Promise<DrainTotals> {
  const isAdmitted = options.evenIfPaused === true;
  const admit = async (db: pg.Client): Promise<void> => {
    if (!isAdmitted) await assertNotPaused(db, source.dataset.name);
  };
  const work = ({ db, plan, kept }: UnderLease): Promise<DrainTotals> => {
    const columns = plan.rows.columns.map(({ column }) => column);
    const judge = openJudge(source.rules, columns, source.dataset.timeColumn);
    const run = {
      plan,
      lease: kept.lease,
      judge,
      acknowledged: new Acknowledgements(),
      hope: hopeFor(source),
    };
    const connect = connectUntilLost(rooms.connect, kept.signal);
    return recorded(rooms, db, run, (totals) =>
      drainAll({ ...rooms, connect }, run, kept.signal, options, totals),
    );
  };
  try {
    return await underLease(rooms, source, work, admit);
  } catch (error) {
    await noteTrouble(rooms, source, asTierdError(error));
    throw error;
  }
}

/** A snapshot's rows are there from its second reading on; all others' are new, most often. */
function hopeFor({ live }: DrainSource): Hope {
  return { cautiousFor: live.kind === 'snapshot' ? Number.MAX_SAFE_INTEGER : 0 };
}

/** Sessions one after the other, until the source is empty. */
async function drainAll(
  rooms: DrainRooms,
  run: DrainRun,
  signal: AbortSignal,
  options: DrainOptions,
  totals: DrainTotals,
): Promise<void> {
  const { followEveryMs } = options;
  const source = run.plan.source.name;
  let attempt = 0;
  let lastProgress = rooms.clock.now();
  const first = openFirstJudge(rooms, run, signal);
  const hooks: SessionHooks = {
    onRead: first.judge,
    onBatch(result) {
      addBatch(totals, result);
      attempt = 0;
      lastProgress = rooms.clock.now();
    },
    checkpoint: pauseWatch(rooms, run, options),
  };
  for (;;) {
    let session: Session | null = null;
    try {
      stopIfAborted(signal);
      session = await openSession(rooms, run, signal, hooks);
      for (;;) {
        await first.look(session.store);
        const batches = await session.pass();
        attempt = 0;
        lastProgress = rooms.clock.now();
        rooms.emit({ kind: 'pass', source, batches });
        if (followEveryMs === null) return;
        await rest(followEveryMs, signal);
      }
    } catch (thrown) {
      stopIfAborted(signal);
      const error = asTierdError(thrown);
      const waitedMs = rooms.clock.now() - lastProgress;
      const isPatient = followEveryMs !== null || waitedMs < rooms.settings.patienceMs;
      if (!mayPass(error) || !isPatient) throw error;
      attempt += 1;
      const delayMs = backoffMs(attempt, rooms.random());
      rooms.emit({ kind: 'retrying', source, attempt, delayMs, error });
      if (attempt === 1) await noteTrouble(rooms, run.plan.source, error);
      await rest(delayMs, signal);
    } finally {
      await session?.close();
    }
  }
}

/** Both throw TIMES_UNLIKELY or KEYS_NOT_READABLE. They do nothing once there was something to judge all times by. */
interface FirstJudge {
  /** Before each pass. */
  readonly look: (store: LiveStore) => Promise<void>;
  readonly judge: (batch: LiveBatch) => void;
}

function openFirstJudge(
  { clock, emit }: Pick<DrainRooms, 'clock' | 'emit'>,
  { plan }: Pick<DrainRun, 'plan'>,
  signal: AbortSignal,
): FirstJudge {
  const source = plan.source.name;
  const open = new Set(timesToJudge(plan));
  const told = new Set<string>();
  let isDone = false;
  let lookedAt: LiveStore | null = null;
  const tell = ({ refusal, notes, judged, isEmpty }: FirstFindings): void => {
    if (refusal !== null) throw refusal;
    for (const note of notes) {
      if (!told.has(note)) emit({ kind: 'doubt', source, note });
      told.add(note);
    }
    for (const what of judged) open.delete(what);
    isDone = !isEmpty && open.size === 0;
  };
  return {
    async look(store) {
      // Members whose scores are of a larger unit are never due, and so in no batch.
      if (isDone || (store === lookedAt && !open.has(SCORE))) return;
      tell(await lookBeforeTaking(store, plan, { clock, signal }, open));
      lookedAt = store;
    },
    judge(batch) {
      if (!isDone) tell(judgeFirstBatch(plan, batch, clock.now(), open));
    },
  };
}

/**
 * What goes on for ever has to hear of a pause while it runs; one run to the end is not cut by it. A
 * backlog has many batches in one pass: the ledger is asked once in an interval.
 */
function pauseWatch(
  { clock }: Pick<DrainRooms, 'clock'>,
  { plan }: DrainRun,
  { followEveryMs, evenIfPaused }: DrainOptions,
): Checkpoint {
  let askedAtMs: number | null = null;
  return async (db) => {
    if (followEveryMs === null || evenIfPaused === true) return;
    const sinceMs = askedAtMs === null ? followEveryMs : clock.now() - askedAtMs;
    // Half of it: timers come a little early. A clock that was set back must not silence it.
    if (sinceMs >= 0 && sinceMs < followEveryMs / 2) return;
    askedAtMs = clock.now();
    await assertNotPaused(db, plan.source.dataset.name);
  };
}

/** Whether a new session may do better. Nothing is lost by trying: Redis still has what counts. */
function mayPass(error: TierdError): boolean {
  return error.retry && error.code !== 'LEASE_LOST' && error.code !== 'LEASE_HELD';
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch {
    stopIfAborted(signal);
  }
}

/** Runs `work` and leaves a record of it in the ledger, also of its failure. */
async function recorded(
  rooms: DrainRooms,
  db: pg.Client,
  { plan }: DrainRun,
  work: (totals: DrainTotals) => Promise<void>,
): Promise<DrainTotals> {
  const dataset = drainLeaseOf(plan.source.name);
  const job = 'drain';
  await abandonRuns(db, job, dataset);
  const runId = await beginRun(rooms, db, job, dataset);
  const totals = newTotals(plan.source);
  let failure: TierdError | null = null;
  try {
    await work(totals);
  } catch (error) {
    failure = asTierdError(error);
  }
  await recordEnd(() => rooms.connect('work'), runId, {
    state: stateOf(failure, totals),
    rowsMoved: BigInt(totals.rows),
    bytesWritten: BigInt(totals.bytes),
    errorCode: failure?.code,
    errorMessage: failure?.message,
  });
  if (failure?.code === 'INTERRUPTED') throw standingAt(totals);
  if (failure !== null) throw failure;
  return totals;
}

function stateOf(failure: TierdError | null, totals: DrainTotals): RunEnd['state'] {
  if (failure === null) return 'done';
  if (failure.code === 'INTERRUPTED' || failure.code === 'DATASET_PAUSED') return 'interrupted';
  return totals.batches > 0 ? 'partly' : 'failed';
}

/** Where an interrupted run stands, in words for the person who pressed Ctrl-C. */
function standingAt({ source, rows, deadLetters }: DrainTotals): TierdError {
  return new TierdError({
    code: 'INTERRUPTED',
    message: `the drain of ${source} was interrupted: ${countOf(rows, 'row')} and ${countOf(deadLetters, 'dead letter')} are committed and their entries acknowledged; all others are still in Redis`,
    hint: 'run the same command again to go on',
    context: { source, rows, deadLetters },
  });
}

/**
 * Drains as long as nobody interrupts: also beyond a lost lease, stores that are away, and a pause of
 * its dataset, which it notices within `everyMs` and the batch under way.
 */
export async function followSource(
  rooms: DrainRooms,
  source: DrainSource,
  everyMs: number,
  options: Pick<DrainOptions, 'evenIfPaused'> = {},
): Promise<DrainTotals> {
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = rooms.clock.now();
    try {
      return await drainSource(rooms, source, { ...options, followEveryMs: everyMs });
    } catch (thrown) {
      const error = asTierdError(thrown);
      if (error.code === 'DATASET_PAUSED') {
        rooms.emit({ kind: 'paused', source: source.name, reason: error.message });
        const look = (): Promise<void> => rest(everyMs, rooms.signal);
        await untilResumed(() => rooms.connect('work'), source.dataset.name, look);
        rooms.emit({ kind: 'resumed', source: source.name });
        attempt = 0;
        continue;
      }
      if (error.code === 'INTERRUPTED') throw error;
      if (!error.retry) {
        // Others may go on for ever: what comes of this one is told now, not at their end.
        rooms.emit({ kind: 'stopped', source: source.name, error });
        throw error;
      }
      // What ran for a while has not failed in a row.
      if (rooms.clock.now() - startedAt > rooms.settings.leaseTtlMs) attempt = 1;
      const delayMs = backoffMs(attempt, rooms.random());
      rooms.emit({ kind: 'retrying', source: source.name, attempt, delayMs, error });
      await rest(delayMs, rooms.signal);
    }
  }
}
