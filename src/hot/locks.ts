/**
 * Waiting for table locks without harm to others. Whoever waits for a strong lock makes everybody
 * behind it wait too, and two who wait for each other lose one by the server's choice, not ours.
 * So tierd waits in short attempts, gives everything back between them, and is never waiting when
 * another session's deadlock check fires. What is a part of another comes after it: parents first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import { formatTable, type TableRef } from '../domain/table.ts';
import { quoteTable } from './quote.ts';
import { join, type Queryable, raw, run, sql, tableName } from './sql.ts';

export interface Patience {
  /** In all; then LOCK_TIMEOUT. 0 is no limit. */
  readonly lockTimeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Of deadlock_timeout. A session that begins to wait for us during an attempt looks for a deadlock a
 * whole deadlock_timeout later, when we have given way.
 */
const ATTEMPT_SHARE = 0.5;
/** Half of the default, where a server does not ask for less. */
const ATTEMPT_MS = 500;
/** Time for those who queued behind an attempt to get through. */
const PAUSE_MS = 100;

export type LockMode =
  | 'access share'
  | 'row exclusive'
  | 'share update exclusive'
  | 'share'
  | 'share row exclusive'
  | 'access exclusive';

/** In the order given: parents first. `only`: a parent's own lock and not its children's. */
export async function lockTables(
  db: Queryable,
  tables: readonly TableRef[],
  mode: LockMode,
  only: 'only' | 'with children',
): Promise<void> {
  const names = tables.map((table) =>
    only === 'only' ? sql`only ${tableName(table)}` : tableName(table),
  );
  await run(db, sql`lock table ${join(names, ', ')} in ${raw(mode)} mode`);
}

export interface Waiting extends Patience {
  /** Named in the error, with who holds them. */
  readonly tables: readonly TableRef[];
  /** Whether somebody waits for what this transaction holds, so that waiting for them may be a deadlock. */
  readonly waitedFor: () => Promise<boolean>;
  /** What to do then. `try` still takes what can be had without waiting. */
  readonly whenWaitedFor: 'give way' | 'try';
}

/** Where nobody waits for what the transaction holds before `work`, or whoever does gets through afterwards. */
export const UNWAITED = {
  waitedFor: () => Promise.resolve(false),
  whenWaitedFor: 'give way',
} as const satisfies Partial<Waiting>;

/**
 * Runs `work`, whose statements may wait for locks, in short attempts under savepoints of the
 * caller's transaction, until it gets through. Throws LOCK_TIMEOUT naming who holds the tables, or
 * what else `work` threw; either way the transaction is as it was before and can go on.
 */
export async function inShortAttempts<Result>(
  client: pg.ClientBase,
  waiting: Waiting,
  work: () => Promise<Result>,
): Promise<Result> {
  const patience = waiting.lockTimeoutMs === 0 ? Number.POSITIVE_INFINITY : waiting.lockTimeoutMs;
  const until = performance.now() + patience;
  const attemptMs = await attemptLength(client);
  for (;;) {
    const waitedFor = await waiting.waitedFor();
    if (waitedFor && waiting.whenWaitedFor === 'give way') {
      throw await lockTimeout(client, waiting.tables);
    }
    const left = Math.max(1, Math.min(attemptMs, Math.ceil(until - performance.now())));
    const attempt = await tryOnce(client, waitedFor ? 1 : left, work);
    if (attempt.done) return attempt.result;
    if (waitedFor || performance.now() + PAUSE_MS >= until) {
      throw await lockTimeout(client, waiting.tables);
    }
    await pause(waiting.signal);
  }
}

/** SHOW takes no snapshot, which a transaction that locks before it reads must not have yet (I2). */
async function attemptLength(client: pg.ClientBase): Promise<number> {
  const timeoutMs = await showMs(client, 'deadlock_timeout');
  return Math.max(1, Math.min(ATTEMPT_MS, Math.floor(timeoutMs * ATTEMPT_SHARE)));
}

const UNIT_MS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  s: 1e3,
  min: 6e4,
  h: 3.6e6,
  d: 8.64e7,
};

/** A duration of the session, without taking a snapshot; 0 is none. */
async function showMs(
  client: pg.ClientBase,
  setting: 'deadlock_timeout' | 'lock_timeout',
): Promise<number> {
  const { rows } = await client.query<Record<string, string>>(`show ${setting}`);
  const [, figure, unit = ''] = /^(\d+)(\D*)$/.exec(rows[0]?.[setting] ?? '') ?? [];
  return Number(figure) * (UNIT_MS[unit] ?? Number.NaN);
}

/**
 * For a transaction that only reads: waits for `work`'s locks in short attempts, for as long as its
 * lock_timeout says. Takes no snapshot of its own. Throws LOCK_TIMEOUT naming who holds the tables.
 */
export async function whenFree<Result>(
  client: pg.ClientBase,
  tables: readonly TableRef[],
  work: () => Promise<Result>,
): Promise<Result> {
  const lockTimeoutMs = await showMs(client, 'lock_timeout');
  // A reader is waited for by whoever wants more than to read: that is what the attempts are short for.
  return inShortAttempts(client, { lockTimeoutMs, tables, ...UNWAITED }, work);
}

/**
 * Takes the locks of `lockTables`, with children, where all of them are free, in one round trip and without a
 * snapshot. @returns false where one is not: the transaction is as it was before and can go on
 */
export async function lockIfFree(
  client: pg.ClientBase,
  tables: readonly TableRef[],
  mode: LockMode,
): Promise<boolean> {
  const names = tables.map(quoteTable).join(', ');
  try {
    await client.query(
      `savepoint tierd_if_free; lock table ${names} in ${mode} mode nowait; release savepoint tierd_if_free`,
    );
    return true;
  } catch (error) {
    await client.query('rollback to savepoint tierd_if_free; release savepoint tierd_if_free');
    if (isLockConflict(error)) return false;
    throw error;
  }
}

type Attempt<Result> = { readonly done: true; readonly result: Result } | { readonly done: false };

async function tryOnce<Result>(
  client: pg.ClientBase,
  attemptMs: number,
  work: () => Promise<Result>,
): Promise<Attempt<Result>> {
  await client.query(`savepoint tierd_attempt; set local lock_timeout = ${String(attemptMs)}`);
  try {
    const result = await work();
    await client.query('release savepoint tierd_attempt');
    return { done: true, result };
  } catch (error) {
    // Gives back the locks taken since the savepoint, and the old lock_timeout with them.
    await client.query('rollback to savepoint tierd_attempt; release savepoint tierd_attempt');
    if (isLockConflict(error)) return { done: false };
    throw error;
  }
}

/** lock_not_available, or that we were the one to give way in a deadlock. */
function isLockConflict(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === '55P03' || code === '40P01';
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw new TierdError({
      code: 'INTERRUPTED',
      message: 'waiting for a lock was interrupted; nothing was changed',
      cause: error,
    });
  }
}

/** A session that holds or waits for a lock on one of some tables. */
export interface LockHolder {
  readonly pid: number | null;
  readonly application: string;
  readonly state: string;
  readonly mode: string;
  readonly granted: boolean;
  /** How long its transaction has been open. */
  readonly transactionSeconds: number;
}

/** Others' locks on the tables, those of the oldest transaction first. */
export function otherLocks(
  db: Queryable,
  tables: readonly TableRef[],
): Promise<readonly LockHolder[]> {
  return run<LockHolder>(
    db,
    sql`select l.pid, coalesce(a.application_name, '') as application,
               case when l.pid is null then 'prepared' else coalesce(a.state, 'hidden') end as state,
               l.mode, l.granted,
               coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::int as "transactionSeconds"
        from pg_locks l left join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'relation' and l.pid is distinct from pg_backend_pid()
          and l.database = (select oid from pg_database where datname = current_database())
          and l.relation = any (array(select to_regclass(unnest(${tables.map(quoteTable)}::text[]))::oid))
        order by a.xact_start nulls first`,
  );
}

/** Whether another session waits to write into one of the tables. Readers don't count. */
async function writersWait(db: Queryable, tables: readonly TableRef[]): Promise<boolean> {
  const locks = await otherLocks(db, tables);
  return locks.some((lock) => !lock.granted && lock.mode !== 'AccessShareLock');
}

/** To a writer that waits for one of our `parts`: it holds the parent, which is among the `tables`. */
export function givingWay(
  client: pg.ClientBase,
  patience: Patience,
  parts: readonly TableRef[],
  tables: readonly TableRef[],
): Waiting {
  const waitedFor = (): Promise<boolean> => writersWait(client, parts);
  return { ...patience, tables, waitedFor, whenWaitedFor: 'give way' };
}

/** Whether another session waits for this transaction to end, for a row that it changed. */
export async function isWaitedFor(db: Queryable): Promise<boolean> {
  const waiters = await run(
    db,
    sql`select from pg_locks waiter join pg_locks own using (transactionid)
        where own.pid = pg_backend_pid() and own.granted
          and own.locktype = 'transactionid' and waiter.locktype = 'transactionid'
          and not waiter.granted limit 1`,
  );
  return waiters.length > 0;
}

async function lockTimeout(db: Queryable, tables: readonly TableRef[]): Promise<TierdError> {
  const locks = await otherLocks(db, tables);
  const others = [...new Set(locks.map(describeHolder))];
  return new TierdError({
    code: 'LOCK_TIMEOUT',
    message: `no lock on ${tables.map(formatTable).join(', ')} within the time allowed: ${others.length === 0 ? 'others came and went all the while' : others.slice(0, 5).join('; ')}; nothing was removed`,
    hint: 'run again when these sessions have ended, or raise postgres.lock_timeout',
    context: { tables: tables.map(formatTable), locks: locks.slice(0, 20) },
  });
}

function describeHolder(lock: LockHolder): string {
  const who = lock.pid === null ? 'a prepared transaction' : `pid ${String(lock.pid)}`;
  const named = lock.application === '' ? who : `${who} (${lock.application})`;
  const verb = lock.granted ? 'holds' : 'waits for';
  return `${named}, ${lock.state} for ${String(lock.transactionSeconds)} s, ${verb} ${lock.mode}`;
}
