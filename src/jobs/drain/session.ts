/**
 * One connection to each store, for as long as both hold: while a batch is written, the next is read
 * and Redis is told of the one before. Whatever fails, both are closed, and the next session reads again what was not acknowledged.
 */
import type pg from 'pg';
import { prepareMapping } from '../../domain/drain/map-entry.ts';
import type { LiveBatch, LiveSource } from '../../domain/live/live-entry.ts';
import { earliestNow } from '../../domain/plan/clock-guard.ts';
import { disconnect } from '../../hot/server/connect.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { readClaim } from '../../ledger/claims.ts';
import { settleSource } from '../../ledger/drain-sources.ts';
import { assertLease } from '../../ledger/lease.ts';
import { readMark } from '../../ledger/streams.ts';
import { announceDrained } from '../../live/announce.ts';
import type { LiveStore } from '../../live/connect.ts';
import { openLiveSource } from '../../live/open-source.ts';
import { readClocks } from '../clock-facts.ts';
import { stopIfAborted } from '../job-failure.ts';
import { limitsUnderLease } from '../limits-under-lease.ts';
import { forgetOld } from './acknowledgements.ts';
import type { BatchResult } from './batch-result.ts';
import { closeLeftovers } from './close-leftovers.ts';
import { commitBatch, type DrainRun } from './commit-batch.ts';
import { openDirectRows } from './direct-rows.ts';
import type { DrainRooms } from './rooms.ts';
import { type MappedBatch, mapBatch } from './sort-entries.ts';

export interface Session {
  readonly store: LiveStore;
  /** Drains until the source has nothing more. Gives how many batches there were. */
  pass(): Promise<number>;
  close(): Promise<void>;
}

export interface SessionHooks {
  /** Called with each batch before it is mapped; what it throws ends the pass, and nothing of the batch is taken. */
  readonly onRead: (batch: LiveBatch) => void;
  /** Called when a batch is committed and Redis has been told. */
  readonly onBatch: (result: BatchResult) => void;
  readonly checkpoint: Checkpoint;
}

interface Open {
  readonly rooms: DrainRooms;
  readonly run: DrainRun;
  readonly db: pg.Client;
  readonly store: LiveStore;
  readonly live: LiveSource;
  readonly signal: AbortSignal;
  readonly hooks: SessionHooks;
  /** Whether the ledger was looked through for what killed runs left. */
  hasLooked: boolean;
}

/** Asked before each batch; what it throws ends the pass as an interruption would. */
export type Checkpoint = (db: pg.Client) => Promise<void>;

/** `signal` stops between two batches. Throws what either store answers. */
export async function openSession(
  rooms: DrainRooms,
  run: DrainRun,
  signal: AbortSignal,
  hooks: SessionHooks,
): Promise<Session> {
  const db = await rooms.connect('work');
  let store: LiveStore | null = null;
  try {
    store = await rooms.connectLive();
    // Its own connection: the other is in the middle of a transaction when this is asked.
    const ledger = await rooms.connect('work');
    const live = openLiveSource(run.plan.source.live, {
      store,
      clock: rooms.clock,
      progressOf: (claim) => readClaim(ledger, claim),
      markOf: (key) => readMark(ledger, { dataset: run.plan.source.dataset.name, key }),
    });
    const open = { rooms, run, db, store, live, signal, hooks, hasLooked: false };
    return { store, pass: () => drainPass(open), close: () => closeAll(open, ledger) };
  } catch (error) {
    store?.close();
    await disconnect(db);
    throw error;
  }
}

async function closeAll({ live, store, db }: Open, ledger: pg.Client): Promise<void> {
  await live.close();
  store.close();
  await disconnect(ledger);
  await disconnect(db);
}

async function drainPass(open: Open): Promise<number> {
  const { rooms, run, db, signal } = open;
  const reader = openReader(open);
  let batches = 0;
  await open.hooks.checkpoint(db);
  let next = reader.next();
  let telling: Promise<void> = Promise.resolve();
  try {
    for (;;) {
      const mapped = await next;
      stopIfAborted(signal);
      if (mapped === null) break;
      next = reader.next();
      // Met in the next turn; not an unhandled rejection until then.
      next.catch(() => undefined);
      const result = await commitBatch(rooms, run, db, mapped);
      await telling;
      // Between two transactions: Redis may be told during one, the ledger may not.
      await run.acknowledged.markWhenMany(db);
      // Only now: what is removed here is held there (I5).
      telling = tellRedis(open, mapped.batch, result);
      telling.catch(() => undefined);
      batches += 1;
      await open.hooks.checkpoint(db);
    }
    await telling;
  } finally {
    // What is still under way would go on after its connection is closed.
    await next.catch(() => undefined);
    await reader.settled();
    await telling.catch(() => undefined);
  }
  await run.acknowledged.mark(db);
  await settle(rooms, run, db);
  if (batches > 0 || !open.hasLooked) await closeLeftovers(open);
  open.hasLooked = true;
  const { name, limits } = run.plan.source.dataset;
  const now = earliestNow(limits, await readClocks(rooms.clock, db, name));
  await forgetOld(db, now - rooms.settings.keepDeliveriesMs);
  return batches;
}

/**
 * Redis has been told of all that the pass, or one that was killed before it, has committed: rotations
 * may have the rows. Under the lease, for another holder's batches would not be settled by this (I8).
 */
async function settle(rooms: DrainRooms, { plan, lease }: DrainRun, db: pg.Client): Promise<void> {
  const { name } = plan.source;
  const options = {
    doing: `settling ${name}`,
    isolation: 'read committed',
    readOnly: false,
    limits: limitsUnderLease(rooms.settings),
  } as const;
  await inTransaction(db, options, async () => {
    await settleSource(db, name);
    await assertLease(db, lease);
  });
}

interface Reader {
  /** The next batch, mapped; null at the end of the pass. */
  next(): Promise<MappedBatch | null>;
  /** When nothing is being read any more, whether it came to anything or not. */
  settled(): Promise<void>;
}

/**
 * Reads and maps: the mapping is done while PostgreSQL is busy with the batch before, and Redis is
 * asked for the batch behind.
 */
function openReader({ rooms, run, live, signal, hooks }: Open): Reader {
  const { source, rows, target } = run.plan;
  const map = prepareMapping(rows);
  const way = { target, hope: run.hope, direct: openDirectRows(rows, source.rules) };
  // Keys that stay where they are don't notice. Of the others a killed run would leave more behind.
  const isHarmless = source.live.kind === 'move' || source.live.kind === 'snapshot';
  const read = (): Promise<LiveBatch | null> => live.read(source.limits, signal);
  let behind: Promise<LiveBatch | null> | null = null;
  return {
    async next() {
      const batch = await (behind ?? read());
      behind = null;
      // A read after the last would begin another pass.
      if (batch === null) return null;
      hooks.onRead(batch);
      if (isHarmless) {
        behind = read();
        // Met when it is that one's turn; not an unhandled rejection until then.
        behind.catch(() => undefined);
      }
      return mapBatch(map, batch, rooms.clock.now(), way);
    },
    async settled() {
      await behind?.catch(() => undefined);
    },
  };
}

async function tellRedis(open: Open, batch: LiveBatch, result: BatchResult): Promise<void> {
  const { rooms, run, store, live } = open;
  const { source } = run.plan;
  await live.acknowledge(batch);
  run.acknowledged.add(result.told);
  open.hooks.onBatch(result);
  const { origin } = batch;
  if (result.lost > 0 && origin.kind === 'stream') {
    rooms.emit({ kind: 'lost', source: source.name, key: origin.key, count: result.lost });
  }
  if (result.note !== null) {
    rooms.emit({ kind: 'came-again', source: source.name, note: result.note });
  }
  for (const problem of batch.problems) {
    rooms.emit({ kind: 'problem', source: source.name, problem });
  }
  rooms.emit({ kind: 'committed', source: source.name, result });
  if (result.rows === 0) return;
  await announceDrained(store, {
    dataset: source.dataset.name,
    source: source.name,
    rows: result.rows,
    newest:
      result.newestTimeUs === null ? null : new Date(result.newestTimeUs / 1000).toISOString(),
  });
}
