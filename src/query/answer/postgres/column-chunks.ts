/** The rows of a result some thousand at a time, by columns: as the engine holds them, where it does. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { RowSource } from '../row-source.ts';

export interface ColumnChunk {
  readonly rows: number;
  readonly columns: readonly { readonly getItem: (row: number) => DuckDBValue }[];
}

export async function* chunksOf(source: RowSource): AsyncIterable<ColumnChunk> {
  if (source.vectors !== undefined) {
    for await (const chunk of source.vectors) {
      const { columnCount: columns, rowCount: rows } = chunk;
      yield {
        rows,
        columns: Array.from({ length: columns }, (_, at) => chunk.getColumnVector(at)),
      };
    }
    return;
  }
  for await (const rows of source.chunks) {
    const columns = source.columns.map((_, at) => ({
      getItem: (row: number) => rows[row]?.[at] ?? null,
    }));
    yield { rows: rows.length, columns };
  }
}
