/** Rows of segments, read by DuckDB without tierd. */
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** `columns` of all the segments, in the order of the files; values as DuckDB's JavaScript has them. */
export async function readCold(
  lake: string,
  segments: readonly { readonly key: string }[],
  columns: string,
): Promise<readonly Record<string, unknown>[]> {
  if (segments.length === 0) return [];
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const list = segments.map(({ key }) => `'${join(lake, key)}'`).join(', ');
    const reader = await connection.runAndReadAll(
      `select ${columns} from read_parquet([${list}], hive_partitioning = false)`,
    );
    return reader.getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
