/** The fingerprint of a segment, or of chosen rows, every value read by DuckDB's Parquet reader. */

import { MAX_BATCH_ROWS } from '../../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { FingerprintBuilder } from '../../domain/fingerprint/builder.ts';
import type { ColumnBytes, SliceFingerprint } from '../../domain/fingerprint.ts';
import { interrupted } from '../lake-failure.ts';
import { duckdb } from './bindings.ts';
import { type DuckConnection, type DuckEngine, quoteSqlName, quoteSqlText } from './duckdb.ts';
import { reencoderFor } from './reencode.ts';
import { readCounts } from './small-results.ts';
import type { StatisticsCheck } from './statistics-check.ts';

export interface DuckdbRead {
  readonly engine: DuckEngine;
  readonly path: string;
  /** That it must have. */
  readonly rows: number;
  readonly columns: readonly ColumnPlan[];
  readonly statistics: StatisticsCheck;
  readonly signal: AbortSignal;
}

export async function fingerprintByDuckdb(read: DuckdbRead): Promise<SliceFingerprint> {
  const { engine, path, rows, columns, statistics, signal } = read;
  const names = columns.map((plan) => quoteSqlName(plan.name)).join(', ');
  const source = `read_parquet(${quoteSqlText(path)}, hive_partitioning = false)`;
  // In the file's order, which DuckDB keeps unless it is told not to.
  const sql = `select ${names} from ${source}`;
  const onValues: OnValues = (index, bytes, fromRow, toRow, batchStart) => {
    statistics.check(index, bytes, fromRow, toRow, batchStart);
  };
  return fingerprintQuery({
    engine,
    sql,
    rows,
    columns,
    doing: `verify ${path}`,
    signal,
    onValues,
  });
}

type OnValues = (
  column: number,
  bytes: ColumnBytes,
  fromRow: number,
  toRow: number,
  batchStart: number,
) => void;

export interface QueryRead {
  readonly engine: DuckEngine;
  /** A SELECT of the columns, in their order and of their types. */
  readonly sql: string;
  /** That it must have. */
  readonly rows: number;
  readonly columns: readonly ColumnPlan[];
  /** For the message of an interrupt. */
  readonly doing: string;
  readonly signal: AbortSignal;
  readonly onValues?: OnValues;
}

/** As PostgreSQL would send the rows. Throws where fewer came than there must be. */
export async function fingerprintQuery(read: QueryRead): Promise<SliceFingerprint> {
  const { engine, sql, rows: wanted, columns, doing, signal, onValues } = read;
  const reencoders = columns.map((plan) => reencoderFor(plan));
  const builder = new FingerprintBuilder(
    columns.map((plan) => plan.name),
    MAX_BATCH_ROWS,
  );
  const connection = await engine.connect();
  const onAbort = (): void => connection.interrupt();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    let batchStart = 0;
    for await (const chunk of connection.stream(sql)) {
      const rows = duckdb.data_chunk_get_size(chunk);
      reencoders.forEach((reencode, index) => {
        const vector = duckdb.data_chunk_get_vector(chunk, index);
        for (const { bytes, fromRow, toRow } of reencode(vector, rows)) {
          builder.addColumn(index, bytes, fromRow, toRow);
          onValues?.(index, bytes, fromRow, toRow, batchStart);
        }
      });
      builder.endBatch(rows);
      batchStart += rows;
      if (signal.aborted) break;
    }
    if (batchStart < wanted && !signal.aborted) await sayWhy(connection, read);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    connection.close();
  }
  if (signal.aborted) throw interrupted(doing, signal.reason);
  return builder.finish();
}

/**
 * A stream that fails ends as if it were whole (see `DuckConnection.stream`). Read again at once, the
 * same rows make the same error, which this throws; or they are all there after all.
 */
async function sayWhy(
  connection: DuckConnection,
  { sql, rows: wanted, columns }: QueryRead,
): Promise<void> {
  const names = columns.map(({ name }) => quoteSqlName(name)).join(', ');
  const [rows] = await readCounts(
    connection,
    `select count(*)::double from (${sql}) where hash(${names}) is not null`,
  );
  if (rows === wanted) throw new Error('Out of Memory Error: the result ended early');
}
