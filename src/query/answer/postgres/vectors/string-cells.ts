/** Texts as they lie in the engine's memory, which are UTF-8 as the client's are. */
import { duckdb } from '../../../../lake/segment/bindings.ts';
import { StringReader } from '../../../../lake/segment/string-reader.ts';
import type { Cells } from '../cells.ts';
import type { ColumnChunk } from '../column-chunks.ts';
import type { RowBytes } from '../row-bytes.ts';

export class StringCells implements Cells {
  readonly #column: number;
  readonly #first: number | null;
  readonly #others: Cells;
  readonly #reader = new StringReader();
  #isHeld = false;
  #bytes: Uint8Array = new Uint8Array();
  #offsets: Int32Array = new Int32Array();
  #lengths: Int32Array = new Int32Array();

  /** @param first a byte before each @param others writes them where they are no vector, or too long together */
  constructor(column: number, first: number | null, others: Cells) {
    this.#column = column;
    this.#first = first;
    this.#others = others;
  }

  take(chunk: ColumnChunk): void {
    const { rows, vectors } = chunk;
    this.#others.take(chunk);
    this.#isHeld = false;
    if (vectors === null) return;
    const vector = duckdb.data_chunk_get_vector(vectors.chunk, this.#column);
    const [window] = this.#reader.read(vector, rows);
    if (window === undefined || window.toRow < rows) return;
    const { view, offsets, lengths } = window.bytes;
    this.#isHeld = true;
    this.#bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    this.#offsets = offsets;
    this.#lengths = lengths;
  }

  write(row: number, out: RowBytes): boolean {
    if (!this.#isHeld) return this.#others.write(row, out);
    const length = this.#lengths[row] ?? -1;
    if (length < 0) return false;
    if (this.#first !== null) out.byte(this.#first);
    out.slice(this.#bytes, this.#offsets[row] ?? 0, length);
    return true;
  }
}
