/** From a lent `ColumnBatch` to DuckDB's data chunk: one copy of bytes per column. */

import {
  type ColumnBatch,
  type ColumnVector,
  INLINE_STRING_BYTES,
  MAX_BATCH_ROWS,
} from '../../domain/columns/column-batch.ts';
import { type DataChunk, duckdb, type LogicalType, type Vector } from './bindings.ts';

const STRING_ENTRY_BYTES = 16;
const WORDS_PER_ENTRY = STRING_ENTRY_BYTES / 4;
/** An entry of a long string ends with the address of its bytes (`duckdb_string_t`). */
const ADDRESS_WORD = 2;
const VALIDITY_WORD_ROWS = 64;

export class ChunkBuilder {
  readonly #chunk: DataChunk;
  readonly #vectors: readonly Vector[];
  readonly #isString: readonly boolean[];
  readonly #entries = new Uint32Array(MAX_BATCH_ROWS * WORDS_PER_ENTRY);
  /** One BLOB: DuckDB's copy of the batch's heap, which long strings point into. */
  readonly #heapChunk: DataChunk;
  readonly #heapVector: Vector;

  /** `types` as the table that is appended to has them. */
  constructor(types: readonly LogicalType[]) {
    this.#chunk = duckdb.create_data_chunk(types);
    this.#vectors = types.map((_, index) => duckdb.data_chunk_get_vector(this.#chunk, index));
    this.#isString = types.map((type) => {
      const id = duckdb.get_type_id(type);
      return id === duckdb.Type.VARCHAR || id === duckdb.Type.BLOB;
    });
    const blob = duckdb.create_logical_type(duckdb.Type.BLOB);
    this.#heapChunk = duckdb.create_data_chunk([blob]);
    this.#heapVector = duckdb.data_chunk_get_vector(this.#heapChunk, 0);
  }

  /** The chunk is valid until the next call. */
  build(batch: ColumnBatch): DataChunk {
    duckdb.data_chunk_reset(this.#chunk);
    const heapAddress = batch.heap === null ? null : this.#copyHeap(batch.heap);
    batch.columns.forEach((column, index) => {
      const vector = this.#vectors[index] as Vector;
      const data =
        this.#isString[index] === true && heapAddress !== null
          ? this.#pointInto(heapAddress, column, batch.rows)
          : column.data;
      duckdb.copy_data_to_vector(vector, 0, data, 0, batch.rows * column.width);
      if (column.nulls > 0) copyValidity(vector, column, batch.rows);
    });
    duckdb.data_chunk_set_size(this.#chunk, batch.rows);
    return this.#chunk;
  }

  /** Returns the address of DuckDB's copy, as a low and a high word. */
  #copyHeap(heap: Uint8Array): readonly [low: number, high: number] {
    duckdb.data_chunk_reset(this.#heapChunk);
    // Long enough to be kept outside of its entry, however short the heap is.
    const bytes = heap.length > INLINE_STRING_BYTES ? heap : Buffer.concat([heap, SPACE]);
    duckdb.vector_assign_string_element_len(this.#heapVector, 0, bytes);
    const entry = duckdb.vector_get_data(this.#heapVector, STRING_ENTRY_BYTES);
    const view = new DataView(entry.buffer, entry.byteOffset, STRING_ENTRY_BYTES);
    return [view.getUint32(ADDRESS_WORD * 4, true), view.getUint32(ADDRESS_WORD * 4 + 4, true)];
  }

  /** The column's entries, with addresses where the batch has offsets into its heap. */
  #pointInto(
    [low, high]: readonly [low: number, high: number],
    column: ColumnVector,
    rows: number,
  ): ArrayBuffer {
    const entries = this.#entries;
    entries.set(new Uint32Array(column.data, 0, rows * WORDS_PER_ENTRY));
    for (let entry = 0; entry < rows * WORDS_PER_ENTRY; entry += WORDS_PER_ENTRY) {
      if ((entries[entry] as number) <= INLINE_STRING_BYTES) continue;
      const at = low + (entries[entry + ADDRESS_WORD] as number);
      entries[entry + ADDRESS_WORD] = at;
      entries[entry + ADDRESS_WORD + 1] = high + (at > 0xffffffff ? 1 : 0);
    }
    return entries.buffer;
  }
}

const SPACE = new Uint8Array(INLINE_STRING_BYTES + 1);

function copyValidity(vector: Vector, column: ColumnVector, rows: number): void {
  duckdb.vector_ensure_validity_writable(vector);
  const bytes = Math.ceil(rows / VALIDITY_WORD_ROWS) * 8;
  duckdb.copy_data_to_vector_validity(vector, 0, column.validity, 0, bytes);
}
