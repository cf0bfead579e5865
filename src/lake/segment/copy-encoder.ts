/** Rows of DuckDB's chunks as the data of PostgreSQL's `COPY … (FORMAT binary)`. */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { type DataChunk, duckdb } from './bindings.ts';
import { reencoderFor } from './reencode.ts';
import type { BytesWindow } from './string-reader.ts';

export const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
export const COPY_TRAILER = Buffer.from([0xff, 0xff]);

const PIECE_BYTES = 256 * 1024;
/** A call of `set` costs more than so many bytes one by one. */
const SHORT_BYTES = 24;

export const rowsOf = (chunk: DataChunk): number => duckdb.data_chunk_get_size(chunk);

export class CopyEncoder {
  readonly #reencoders;
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #at = 0;

  constructor(columns: readonly ColumnPlan[]) {
    this.#reencoders = columns.map((plan) => reencoderFor(plan));
  }

  /**
   * All rows of a chunk, piece by piece; each piece is lent until the next is asked for. Of each
   * column there is one window in memory at a time, however long its values are.
   */
  *encode(chunk: DataChunk): Generator<Uint8Array> {
    const rows = rowsOf(chunk);
    const columns = this.#reencoders.map(
      (reencode, index) =>
        new ColumnCursor(reencode(duckdb.data_chunk_get_vector(chunk, index), rows)),
    );
    for (let row = 0; row < rows; row += 1) {
      if (this.#at + 2 > PIECE_BYTES) yield this.#full();
      this.#at = this.#piece.writeInt16BE(columns.length, this.#at);
      for (const column of columns) {
        column.goTo(row);
        const length = column.lengths[row] as number;
        if (this.#at + 4 > PIECE_BYTES) yield this.#full();
        this.#at = this.#piece.writeInt32BE(length, this.#at);
        let from = column.offsets[row] as number;
        const to = from + Math.max(length, 0);
        while (from < to) {
          if (this.#at === PIECE_BYTES) yield this.#full();
          const end = Math.min(to, from + PIECE_BYTES - this.#at);
          this.#put(column.bytes, from, end);
          from = end;
        }
      }
    }
    if (this.#at > 0) yield this.#full();
  }

  #put(bytes: Uint8Array, from: number, end: number): void {
    if (end - from <= SHORT_BYTES) {
      for (let at = from; at < end; at += 1) this.#piece[this.#at++] = bytes[at] as number;
      return;
    }
    this.#piece.set(bytes.subarray(from, end), this.#at);
    this.#at += end - from;
  }

  #full(): Uint8Array {
    const written = this.#piece.subarray(0, this.#at);
    this.#at = 0;
    return written;
  }
}

/** The window of a column that holds the row at hand. */
class ColumnCursor {
  bytes = new Uint8Array(0);
  offsets = new Int32Array(0);
  lengths = new Int32Array(0);
  readonly #windows: Iterator<BytesWindow>;
  #toRow = 0;

  constructor(windows: Iterable<BytesWindow>) {
    this.#windows = windows[Symbol.iterator]();
  }

  /** Rows are asked for in order. */
  goTo(row: number): void {
    while (row >= this.#toRow) {
      const next = this.#windows.next();
      if (next.done === true) throw new RangeError(`a column ended before row ${String(row)}`);
      const { bytes, toRow } = next.value;
      const { view } = bytes;
      this.bytes = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
      this.offsets = bytes.offsets as Int32Array<ArrayBuffer>;
      this.lengths = bytes.lengths as Int32Array<ArrayBuffer>;
      this.#toRow = toRow;
    }
  }
}
