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

/**
 * @param assertWhole called at the end of the rows: throws when it is not the end of the result.
 *   DuckDB's C interface gives no chunk after an error or an interrupt, and the bindings don't ask
 *   why, so that a result which broke off looks like one that is complete.
 */
export function rowSourceOf(result: DuckDBResult, assertWhole: () => Promise<void>): RowSource {
  const types = result.columnTypes();
  const columns = result.deduplicatedColumnNames().map((name, index) => ({
    name,
    type: types[index] as DuckDBType,
  }));
  return { columns, chunks: chunksOf(result, assertWhole) };
}

async function* chunksOf(
  result: DuckDBResult,
  assertWhole: () => Promise<void>,
): AsyncIterable<DuckDBValue[][]> {
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    yield chunk.getRows();
  }
  await assertWhole();
}
