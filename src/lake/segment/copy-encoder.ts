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
    for (let row = 0; row < rows; ) {
      row = this.#putRows(columns, row, rows);
      if (row === rows) break;
      if (this.#at > 0) yield this.#full();
      // Rows follow each other in a piece as long as they fit; one that never will goes in pieces of its own.
      if (sizeOf(columns, row) <= PIECE_BYTES) continue;
      yield* this.#putLarge(columns, row);
      row += 1;
    }
    if (this.#at > 0) yield this.#full();
  }

  /** Those from `first` that have room in the piece. @returns the first that has none, or `end` */
  #putRows(columns: readonly ColumnCursor[], first: number, end: number): number {
    // Not the fields themselves: each byte is written by this loop.
    const piece = this.#piece;
    let at = this.#at;
    let row = first;
    for (; row < end; row += 1) {
      if (at + sizeOf(columns, row) > PIECE_BYTES) break;
      piece[at++] = columns.length >> 8;
      piece[at++] = columns.length;
      for (const { bytes, offsets, lengths } of columns) {
        const length = lengths[row] as number;
        piece[at++] = length >> 24;
        piece[at++] = length >> 16;
        piece[at++] = length >> 8;
        piece[at++] = length;
        if (length <= 0) continue;
        let from = offsets[row] as number;
        const to = from + length;
        if (length > SHORT_BYTES) {
          piece.set(bytes.subarray(from, to), at);
          at += length;
        } else {
          while (from < to) piece[at++] = bytes[from++] as number;
        }
      }
    }
    this.#at = at;
    return row;
  }

  *#putLarge(columns: readonly ColumnCursor[], row: number): Generator<Uint8Array> {
    this.#at = this.#piece.writeInt16BE(columns.length, this.#at);
    for (const { bytes, offsets, lengths } of columns) {
      const length = lengths[row] as number;
      if (this.#at + 4 > PIECE_BYTES) yield this.#full();
      this.#at = this.#piece.writeInt32BE(length, this.#at);
      let from = offsets[row] as number;
      const to = from + Math.max(length, 0);
      while (from < to) {
        if (this.#at === PIECE_BYTES) yield this.#full();
        const end = Math.min(to, from + PIECE_BYTES - this.#at);
        this.#piece.set(bytes.subarray(from, end), this.#at);
        this.#at += end - from;
        from = end;
      }
    }
  }

  #full(): Uint8Array {
    const written = this.#piece.subarray(0, this.#at);
    this.#at = 0;
    return written;
  }
}

/** Bytes of a row in a COPY; each column's window holds it then. */
function sizeOf(columns: readonly ColumnCursor[], row: number): number {
  let size = 2;
  for (const column of columns) {
    column.goTo(row);
    size += 4 + Math.max(column.lengths[row] as number, 0);
  }
  return size;
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
