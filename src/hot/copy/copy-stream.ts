/** The export of a slice out of PostgreSQL, as batches of columns with their fingerprint. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { ColumnBatch } from '../../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { TierdError } from '../../domain/errors.ts';
import type { SliceFingerprint } from '../../domain/fingerprint.ts';
import type { Clock } from '../../domain/time/clock.ts';
import { postgresError } from '../postgres-error.ts';
import { BatchDecoder } from './batch-decoder.ts';
import { CopyQuery } from './copy-query.ts';
import { paceDelayMs } from './pace.ts';
import { brokenStream } from './stream-errors.ts';

export interface ExportOptions {
  /** Idle, and inside the transaction (`inTransaction`) whose snapshot is exported. */
  readonly client: Client;
  /** The dataset's name, for messages. */
  readonly dataset: string;
  /** A SELECT without parameters whose columns are the `select` of the plans, in their order. */
  readonly sql: string;
  readonly columns: readonly ColumnPlan[];
  /**
   * Takes a batch, which is lent until this returns or its promise settles. The export waits for
   * the promise; an error ends it.
   */
  readonly onBatch: (batch: ColumnBatch) => Promise<void> | undefined;
  /** The row of `SESSION_SQL`, where it was asked in this very transaction. */
  readonly session?: SessionRow;
  readonly signal: AbortSignal;
  /** Called after every batch with the rows so far. */
  readonly onProgress?: (rows: number) => void;
  /** 0 is no limit. */
  readonly maxRowsPerSecond?: number;
  /** Needed for `maxRowsPerSecond` only. */
  readonly clock?: Clock;
}

export interface ExportedSlice {
  readonly rows: number;
  /** Of COPY data, as PostgreSQL sent it. */
  readonly bytes: number;
  readonly fingerprint: SliceFingerprint;
}

/** What the text of values depends on: `inTransaction` sets it, and an export insists on it. */
const REQUIRED_SETTINGS = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  client_encoding: 'UTF8',
  row_security: 'off',
} as const;

/**
 * Reads all rows of `sql` through binary COPY.
 *
 * Throws VALUE_NOT_HELD where a column's native type can't hold a value; COPY_STREAM_BROKEN where
 * the stream is not what PostgreSQL documents or rows are missing; what `postgresError` makes of a
 * server that refuses or a connection that is lost; INTERRUPTED (or the signal's reason, if that is
 * a TierdError) on abort; and whatever `onBatch` threw. After any of these the transaction is of no
 * more use, and nothing in the database has changed.
 */
export async function exportRows(options: ExportOptions): Promise<ExportedSlice> {
  const { client, columns, dataset, signal } = options;
  if (signal.aborted) throw interrupted(signal, 0);
  const checkUtf8 =
    checkSession(client, options.session ?? (await readSession(client))) === 'SQL_ASCII';
  const decoder = new BatchDecoder({ columns, dataset, checkUtf8 });
  const query = new CopyQuery({
    client,
    copySql: `copy (${options.sql}) to stdout (format binary)`,
    decoder,
    onBatch: deliverAtPace(options, decoder),
  });
  const onAbort = (): void => query.stop(interrupted(signal, decoder.rows));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    client.query(query);
    const { reportedRows } = await query.done;
    checkComplete(decoder, reportedRows);
  } catch (error) {
    throw postgresError(error, `Reading the rows of ${dataset} from PostgreSQL`);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return { rows: decoder.rows, bytes: decoder.bytes, fingerprint: decoder.finish() };
}

export type SessionRow = Readonly<Record<string, string>>;

/** What the text of values depends on, as the session has it. */
export const SESSION_SQL = `select ${[...Object.keys(REQUIRED_SETTINGS), 'server_encoding']
  .map((name) => `current_setting('${name}') as "${name}"`)
  .join(', ')}`;

async function readSession(client: Client): Promise<SessionRow> {
  const { rows } = await client.query<Record<string, string>>(SESSION_SQL);
  return rows[0] ?? {};
}

/** Returns the encoding of the server's text. */
function checkSession(client: Client, settings: SessionRow): string {
  const wrong = Object.entries(REQUIRED_SETTINGS).find(([name, value]) => settings[name] !== value);
  if (wrong !== undefined || client.getTransactionStatus() !== 'T') {
    throw new TierdError({
      code: 'INTERNAL',
      message: `An export was begun outside of tierd's transaction${wrong === undefined ? '' : ` (${wrong[0]} is ${settings[wrong[0]] ?? 'not set'})`}; nothing was read.`,
    });
  }
  return settings['server_encoding'] ?? '';
}

function deliverAtPace(
  { onBatch, onProgress, maxRowsPerSecond = 0, clock, signal }: ExportOptions,
  decoder: BatchDecoder,
): (batch: ColumnBatch) => Promise<void> | undefined {
  if (maxRowsPerSecond <= 0 || clock === undefined) {
    return (batch) => {
      const pending = onBatch(batch);
      onProgress?.(decoder.rows);
      return pending;
    };
  }
  let startedAt: number | null = null;
  return async (batch) => {
    startedAt ??= clock.now();
    await onBatch(batch);
    onProgress?.(decoder.rows);
    const elapsedMs = clock.now() - startedAt;
    const pace = { maxRowsPerSecond, rows: decoder.rows, batchRows: batch.rows, elapsedMs };
    const delayMs = paceDelayMs(pace);
    // Aborted, the wait ends at once; the abort itself is dealt with by the query.
    if (delayMs > 0) await sleep(delayMs, undefined, { signal }).catch(() => undefined);
  };
}

function checkComplete(decoder: BatchDecoder, reportedRows: number | null): void {
  if (!decoder.trailerSeen) throw brokenStream('it ended without the end-of-data mark');
  if (reportedRows === null) throw brokenStream('the server did not report how many rows it sent');
  if (reportedRows !== decoder.rows) {
    throw brokenStream(`the server sent ${reportedRows} rows and ${decoder.rows} arrived`);
  }
}

function interrupted(signal: AbortSignal, rows: number): TierdError {
  const reason: unknown = signal.reason;
  if (reason instanceof TierdError) return reason;
  return new TierdError({
    code: 'INTERRUPTED',
    message: `The export was interrupted after ${rows} rows; nothing was deleted.`,
    cause: reason,
  });
}
