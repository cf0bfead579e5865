/** A column read out of the engine's own memory: no object is made of a value. */
import { duckdb } from '../../../../lake/segment/bindings.ts';
import type { Cells } from '../cells.ts';
import type { ColumnChunk } from '../column-chunks.ts';
import type { RowBytes } from '../row-bytes.ts';

export abstract class VectorCells implements Cells {
  readonly #column: number;
  readonly #width: number;
  /** For what is not read so, and for chunks that are no vectors. */
  readonly #others: Cells;
  #validity: Uint8Array | null = null;
  #isHeld = false;

  /** @param width bytes of a value @param others writes all values that this one does not */
  constructor(column: number, width: number, others: Cells) {
    this.#column = column;
    this.#width = width;
    this.#others = others;
  }

  take(chunk: ColumnChunk): void {
    const { rows, vectors } = chunk;
    this.#others.take(chunk);
    this.#isHeld = vectors !== null;
    if (vectors === null) return;
    const vector = duckdb.data_chunk_get_vector(vectors.chunk, this.#column);
    const validityBytes = Math.ceil(rows / 64) * 8;
    this.#validity = duckdb.vector_get_validity(vector, validityBytes);
    const { buffer, byteOffset } = duckdb.vector_get_data(vector, rows * this.#width);
    this.read(buffer as ArrayBuffer, byteOffset, rows);
  }

  write(row: number, out: RowBytes): boolean {
    if (!this.#isHeld) return this.#others.write(row, out);
    const validity = this.#validity;
    if (validity !== null && (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0) return false;
    if (!this.writeHeld(row, out)) this.#others.write(row, out);
    return true;
  }

  /** From here on values are those in this memory. */
  protected abstract read(memory: ArrayBuffer, offset: number, rows: number): void;

  /** Of a value that is there. @returns false where it is one for the others, and nothing was written */
  protected abstract writeHeld(row: number, out: RowBytes): boolean;
}
