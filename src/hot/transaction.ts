/** Transactions whose settings, and whose end, are known. */
import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import { isConnectionLost, postgresError } from './postgres-error.ts';
import { quoteLiteral } from './quote.ts';

export type Isolation = 'read committed' | 'repeatable read';

export interface TransactionOptions {
  /** What it is for, in messages: `exporting public.ticks 2024-01-15`. */
  readonly doing: string;
  readonly isolation: Isolation;
  readonly readOnly: boolean;
  readonly limits?: TransactionLimits;
  /**
   * Keeps each statement to the one process of its connection. Parallel workers take a core each,
   * from whatever else the server does, and half as much processor time again.
   */
  readonly isSerial?: boolean;
  /** Commits without a wait for synchronous standbys: what one that takes over does anew by itself. */
  readonly isLocal?: boolean;
  /** Sees what the transaction saw that exported it; with `repeatable read` alone. */
  readonly snapshot?: string;
}

/** All in milliseconds; 0 is no limit. */
export interface TransactionLimits {
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
}

/** An hour: a slice that takes longer is too large, or something holds it up. */
const STATEMENT_TIMEOUT_MS = 3_600_000;
/** Whoever waits for a lock makes others wait behind it. */
const LOCK_TIMEOUT_MS = 5_000;
/** Longer than the verification of a large segment; a forgotten transaction stops vacuum everywhere. */
const IDLE_TIMEOUT_MS = 600_000;

/**
 * What every transaction runs under, whatever the role, the database or the pooler has set: the
 * text form of every value is exact and the same at any time, and names mean what they say.
 */
const FIXED_SETTINGS: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  lc_monetary: 'C',
  array_nulls: 'on',
  transform_null_equals: 'off',
  standard_conforming_strings: 'on',
  // A table shadowing another, or an operator in "$user", can't change what a statement means.
  search_path: 'pg_catalog, pg_temp',
  // A policy that hides rows is an error: hidden rows would be dropped with their chunk (I1).
  row_security: 'off',
  // To compile what the ledger is asked took 2.5 s of 3.4, with 100,000 segments, on more than one core.
  jit: 'off',
  // A wait for standbys that was given up is told by a warning and nothing else.
  client_min_messages: 'warning',
  // Of a hypertable that is attached in place, the hot rows alone. Without TimescaleDB it is a name that nobody reads.
  'timescaledb.enable_tiered_reads': 'off',
};

/**
 * Runs `work` between BEGIN and COMMIT. BEGIN and every setting travel in one message, and none
 * of it takes a snapshot: with `repeatable read` the first query of `work` does, and a
 * `lock table` before that query comes before the snapshot (I2).
 *
 * When `work` throws, rolls back and throws the same as a TierdError: nothing was committed.
 * When COMMIT is refused, throws the reason: nothing was committed. When the connection is lost
 * while COMMIT is on its way, throws OUTCOME_UNKNOWN: the caller must look, on another
 * connection, before it does anything more (I9). After either the client may be unusable. When the
 * server committed and no synchronous standby confirmed it, throws STANDBY_SILENT.
 */
export async function inTransaction<Result>(
  client: pg.ClientBase,
  options: TransactionOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  await begin(client, options);
  return inTransactionBegun(client, options, work);
}

async function inTransactionBegun<Result>(
  client: pg.ClientBase,
  options: TransactionOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    // If this fails too, the connection is gone, and with it the transaction.
    await client.query('rollback').catch(() => undefined);
    throw postgresError(error, options.doing);
  }
  await commit(client, options);
  return result;
}

/**
 * The same, with statements that travel with BEGIN, in its one message. Where one of them fails there is no
 * transaction and `work` does not begin: whatever was wrong, it is told to whoever asks step by step.
 */
export async function inLedTransaction<Result>(
  client: pg.ClientBase,
  options: TransactionOptions,
  lead: readonly string[],
  work: (led: readonly pg.QueryResult[]) => Promise<Result>,
): Promise<{ readonly result: Result } | null> {
  let led: readonly pg.QueryResult[];
  try {
    led = (await begin(client, options, lead)).slice(-lead.length);
  } catch {
    return null;
  }
  return { result: await inTransactionBegun(client, options, () => work(led)) };
}

/** @returns the results of all that was sent */
async function begin(
  client: pg.ClientBase,
  options: TransactionOptions,
  lead: readonly string[] = [],
): Promise<readonly pg.QueryResult[]> {
  const { isolation, readOnly, limits = {}, isSerial = false, isLocal = false, snapshot } = options;
  const settings = {
    ...FIXED_SETTINGS,
    ...(isSerial ? { max_parallel_workers_per_gather: '0' } : {}),
    ...(isLocal ? { synchronous_commit: 'local' } : {}),
    statement_timeout: String(limits.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS),
    lock_timeout: String(limits.lockTimeoutMs ?? LOCK_TIMEOUT_MS),
    idle_in_transaction_session_timeout: String(limits.idleTimeoutMs ?? IDLE_TIMEOUT_MS),
  };
  const statements = [
    `begin isolation level ${isolation} ${readOnly ? 'read only' : 'read write'}`,
    ...(snapshot === undefined ? [] : [`set transaction snapshot ${quoteLiteral(snapshot)}`]),
    ...settingStatements('set local', settings),
    ...lead,
  ];
  try {
    const sent: unknown = await client.query(statements.join('; '));
    // Of several statements in one message there is one result each, which pg's types don't say.
    return sent as readonly pg.QueryResult[];
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw postgresError(error, options.doing);
  }
}

/**
 * The same settings for a whole session: for what can't run in a transaction (VACUUM), on a
 * connection that no pooler shares.
 */
export async function fixSession(client: pg.ClientBase, limits: TransactionLimits): Promise<void> {
  const settings = {
    ...FIXED_SETTINGS,
    statement_timeout: String(limits.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS),
    lock_timeout: String(limits.lockTimeoutMs ?? LOCK_TIMEOUT_MS),
  };
  await client.query(settingStatements('set', settings).join('; '));
}

function settingStatements(verb: string, settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).map(
    // search_path and datestyle are lists: as one quoted string they would be one odd name.
    ([setting, value]) => `${verb} ${setting} = ${value.split(', ').map(quoteLiteral).join(', ')}`,
  );
}

async function commit(client: pg.ClientBase, options: TransactionOptions): Promise<void> {
  let command: string;
  try {
    command = (await client.query('commit')).command;
  } catch (error) {
    if (error instanceof TierdError && error.code === 'STANDBY_SILENT') throw error;
    if (!isConnectionLost(error)) throw postgresError(error, options.doing);
    if (options.readOnly) throw postgresError(error, options.doing);
    throw new TierdError({
      code: 'OUTCOME_UNKNOWN',
      message: `${options.doing}: the connection was lost while COMMIT was on its way, so it is not known whether it took effect; nothing was cleaned up`,
      hint: 'run the same command again: it looks at the ledger first and carries on from what it finds',
      cause: error,
    });
  }
  // To a COMMIT of a failed transaction the server answers ROLLBACK, which is no error to pg.
  if (command !== 'COMMIT') {
    throw new TierdError({
      code: 'INTERNAL',
      message: `${options.doing}: a statement had failed and its error was not passed on, so the server rolled back; nothing was committed`,
    });
  }
}
