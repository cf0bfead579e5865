/**
 * What the hot store hands to the lake: some rows as columns, already in the memory layout of
 * DuckDB's vectors, so that a column crosses into DuckDB as one copy of its bytes.
 *
 * A batch is lent: its buffers are filled again as soon as the one it was handed to returns (or
 * its promise settles).
 */

/** DuckDB's vector size: the most rows a batch has. */
export const MAX_BATCH_ROWS = 2048;

/** Strings of at most so many bytes lie inside their 16-byte entry. */
export const INLINE_STRING_BYTES = 12;

export interface ColumnBatch {
  readonly rows: number;
  /** In the order of the column plans. */
  readonly columns: readonly ColumnVector[];
  /**
   * The bytes of all strings too long to lie in their entry; null when there are none. An entry
   * of a long string is its length (4 bytes), its first 4 bytes, and its offset in `heap` (8
   * bytes, little-endian) in the place where DuckDB wants a pointer.
   */
  readonly heap: Uint8Array | null;
  /**
   * A float of the batch is −0 or a NaN of other bits than PostgreSQL's own. Parquet dictionaries
   * as DuckDB writes them compare floats as numbers and would make −0 and 0 one.
   */
  readonly hasOddFloats: boolean;
}

export interface ColumnVector {
  /** `width` bytes per row; what lies in the place of a null means nothing. */
  readonly data: ArrayBuffer;
  /** Bytes per row: 1, 2, 4, 8 or 16. */
  readonly width: number;
  readonly nulls: number;
  /** One bit per row, lowest first, 1 = not null; all ones where `nulls` is 0. */
  readonly validity: ArrayBuffer;
}
