/** A column of a result as Arrow holds it: its type, and how its values are laid out. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { Data, DataType } from 'apache-arrow';

export interface ArrowColumn {
  readonly type: DataType;
  /**
   * Some of its values, one after the other.
   *
   * @throws TierdError QUERY_FAILED for a value that the type has no place for
   */
  readonly dataOf: (values: readonly DuckDBValue[]) => Data;
}
