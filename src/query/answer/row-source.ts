/** The rows of a result, a chunk of some thousand at a time: memory stays bounded. */
import type { DuckDBDataChunk, DuckDBResult, DuckDBType, DuckDBValue } from '@duckdb/node-api';

export interface ResultColumn {
  /** Unique within the result: `a`, `a:1` for `select a, a`. */
  readonly name: string;
  readonly type: DuckDBType;
}

export interface RowSource {
  readonly columns: readonly ResultColumn[];
  readonly chunks: AsyncIterable<readonly (readonly DuckDBValue[])[]>;
  /** The same rows as the engine holds them, where it does: whoever reads one of the two does not read the other. */
  readonly vectors?: AsyncIterable<DuckDBDataChunk>;
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
  const vectors = vectorsOf(result, assertWhole);
  return { columns, chunks: rowsOf(vectors), vectors };
}

async function* rowsOf(vectors: AsyncIterable<DuckDBDataChunk>): RowSource['chunks'] {
  for await (const chunk of vectors) yield chunk.getRows();
}

async function* vectorsOf(
  result: DuckDBResult,
  assertWhole: () => Promise<void>,
): AsyncIterable<DuckDBDataChunk> {
  let next = result.fetchChunk();
  try {
    for (let chunk = await next; chunk !== null && chunk.rowCount > 0; chunk = await next) {
      // Made on another thread while whoever reads works on this one.
      next = result.fetchChunk();
      // Told where it is waited for.
      next.catch(() => undefined);
      yield chunk;
    }
  } finally {
    // Nothing may run on a connection that is closed.
    await next.catch(() => undefined);
  }
  await assertWhole();
}
