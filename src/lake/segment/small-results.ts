/** Reading the few values that a question about a file has for an answer. */
import { duckdb } from './bindings.ts';
import type { DuckConnection } from './duckdb.ts';
import { StringReader } from './string-reader.ts';

/** The numbers of the one row of a query whose columns are all DOUBLE and never null. */
export async function readCounts(connection: DuckConnection, sql: string): Promise<number[]> {
  const [chunk] = await connection.materialise(sql);
  if (chunk === undefined) return [];
  const columns = duckdb.data_chunk_get_column_count(chunk);
  return Array.from({ length: columns }, (_, column) => {
    const data = duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk, column), 8);
    return new DataView(data.buffer, data.byteOffset, 8).getFloat64(0, true);
  });
}

/** The texts of the one row of a query whose columns are all VARCHAR. */
export async function readTexts(
  connection: DuckConnection,
  sql: string,
): Promise<(string | null)[]> {
  const [chunk] = await connection.materialise(sql);
  if (chunk === undefined) return [];
  const columns = duckdb.data_chunk_get_column_count(chunk);
  return Array.from({ length: columns }, (_, column) => {
    const vector = duckdb.data_chunk_get_vector(chunk, column);
    for (const { bytes } of new StringReader().read(vector, 1)) {
      const length = bytes.lengths[0] as number;
      if (length < 0) return null;
      const at = bytes.view.byteOffset + (bytes.offsets[0] as number);
      return Buffer.from(bytes.view.buffer, at, length).toString();
    }
    return null;
  });
}
