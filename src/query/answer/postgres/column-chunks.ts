/** The rows of a result some thousand at a time, by columns: as the engine holds them, where it does. */
import type { DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';
import type { RowSource } from '../row-source.ts';

export interface ColumnChunk {
  readonly rows: number;
  readonly itemsOf: (column: number) => { readonly getItem: (row: number) => DuckDBValue };
  /** Null where the rows were made without the engine. */
  readonly vectors: DuckDBDataChunk | null;
}

export async function* chunksOf(source: RowSource): AsyncIterable<ColumnChunk> {
  if (source.vectors !== undefined) {
    for await (const vectors of source.vectors) {
      const { rowCount: rows } = vectors;
      yield { rows, vectors, itemsOf: (column) => vectors.getColumnVector(column) };
    }
    return;
  }
  for await (const rows of source.chunks) {
    const itemsOf: ColumnChunk['itemsOf'] = (column) => ({
      getItem: (row) => rows[row]?.[column] ?? null,
    });
    yield { rows: rows.length, vectors: null, itemsOf };
  }
}
