/** The rows of a result, a chunk of some thousand at a time: memory stays bounded. */
import type { DuckDBResult, DuckDBType, DuckDBValue } from '@duckdb/node-api';

export interface ResultColumn {
  /** Unique within the result: `a`, `a:1` for `select a, a`. */
  readonly name: string;
  readonly type: DuckDBType;
}

export interface RowSource {
  readonly columns: readonly ResultColumn[];
  readonly chunks: AsyncIterable<readonly (readonly DuckDBValue[])[]>;
}

export function rowSourceOf(result: DuckDBResult): RowSource {
  const types = result.columnTypes();
  const columns = result.deduplicatedColumnNames().map((name, index) => ({
    name,
    type: types[index] as DuckDBType,
  }));
  return { columns, chunks: chunksOf(result) };
}

async function* chunksOf(result: DuckDBResult): AsyncIterable<DuckDBValue[][]> {
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk.getRows();
  }
}
