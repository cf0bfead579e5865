/** A segment's fingerprint, every value read by DuckDB's Parquet reader. */

import { MAX_BATCH_ROWS } from '../../domain/column-batch.ts';
import type { ColumnPlan } from '../../domain/column-plan.ts';
import { FingerprintBuilder } from '../../domain/fingerprint/builder.ts';
import type { SliceFingerprint } from '../../domain/fingerprint.ts';
import { interrupted } from '../lake-failure.ts';
import { duckdb } from './bindings.ts';
import { type DuckEngine, quoteSqlName, quoteSqlText } from './duckdb.ts';
import { reencoderFor } from './reencode.ts';
import type { StatisticsCheck } from './statistics-check.ts';

export interface DuckdbRead {
  readonly engine: DuckEngine;
  readonly path: string;
  readonly columns: readonly ColumnPlan[];
  readonly statistics: StatisticsCheck;
  readonly signal: AbortSignal;
}

/** Fewer rows than the file has mean that reading failed; see `DuckConnection.stream`. */
export async function fingerprintByDuckdb(read: DuckdbRead): Promise<SliceFingerprint> {
  const { engine, path, columns, statistics, signal } = read;
  const reencoders = columns.map((plan) => reencoderFor(plan));
  const builder = new FingerprintBuilder(
    columns.map((plan) => plan.name),
    MAX_BATCH_ROWS,
  );
  const connection = await engine.connect();
  const onAbort = (): void => connection.interrupt();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const names = columns.map((plan) => quoteSqlName(plan.name)).join(', ');
    const sql = `select ${names} from read_parquet(${quoteSqlText(path)}, hive_partitioning = false)`;
    let batchStart = 0;
    // In the file's order, which DuckDB keeps unless it is told not to.
    for await (const chunk of connection.stream(sql)) {
      const rows = duckdb.data_chunk_get_size(chunk);
      reencoders.forEach((reencode, index) => {
        const vector = duckdb.data_chunk_get_vector(chunk, index);
        for (const { bytes, fromRow, toRow } of reencode(vector, rows)) {
          builder.addColumn(index, bytes, fromRow, toRow);
          statistics.check(index, bytes, fromRow, toRow, batchStart);
        }
      });
      builder.endBatch(rows);
      batchStart += rows;
      if (signal.aborted) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    connection.close();
  }
  if (signal.aborted) throw interrupted(`verify ${path}`, signal.reason);
  return builder.finish();
}
