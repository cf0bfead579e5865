/**
 * The bytes of a string vector, gathered into one buffer. Short strings lie in their 16-byte
 * entry; for long ones the entry has an address. One call per string would be most of the cost of
 * reading them, so strings that lie close together are fetched together.
 */

import { INLINE_STRING_BYTES, MAX_BATCH_ROWS } from '../../domain/columns/column-batch.ts';
import type { ColumnBytes } from '../../domain/fingerprint.ts';
import { duckdb, type Vector } from './bindings.ts';

const ENTRY_BYTES = 16;
const ADDRESS_AT = 8;
/**
 * Between two strings less than a page apart there is no page that neither of them lies on, so
 * all memory between them can be read. (What lies there is not looked at.)
 */
const MAX_GAP_BYTES = 4095;
const INITIAL_CAPACITY = MAX_BATCH_ROWS * ENTRY_BYTES;
/** A buffer that huge strings made larger than this is given back by the next read. */
const KEPT_CAPACITY = 16 << 20;
/** Of long strings gathered at a time; a single one may be longer. */
const MAX_WINDOW_BYTES = 32 << 20;

/** Rows `[fromRow, toRow)` of a vector and their bytes. */
export interface BytesWindow {
  readonly bytes: ColumnBytes;
  readonly fromRow: number;
  readonly toRow: number;
}

export class StringReader {
  #bytes = new Uint8Array(INITIAL_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  readonly #offsets = new Int32Array(MAX_BATCH_ROWS);
  readonly #lengths = new Int32Array(MAX_BATCH_ROWS);
  /** Of each row with a long string: where it is in DuckDB's memory. */
  readonly #addresses = new Float64Array(MAX_BATCH_ROWS);
  readonly #address = new BigUint64Array(1);

  /** All rows of the vector, in order, in one window unless they are long; each valid until the next. */
  *read(vector: Vector, rows: number): Generator<BytesWindow> {
    if (this.#bytes.length > KEPT_CAPACITY) this.#resize(INITIAL_CAPACITY, 0);
    const entries = duckdb.vector_get_data(vector, rows * ENTRY_BYTES);
    const validity = duckdb.vector_get_validity(
      vector,
      Math.ceil(rows / 64) * 8,
    ) as Uint8Array | null;
    this.#bytes.set(entries);
    const longRows = this.#readEntries(validity, rows);
    let fromRow = 0;
    let index = 0;
    do {
      let bytes = 0;
      const first = index;
      for (; index < longRows.length; index += 1) {
        bytes += this.#lengths[longRows[index] as number] as number;
        if (bytes > MAX_WINDOW_BYTES && index > first) break;
      }
      const toRow = longRows[index] ?? rows;
      this.#fetchLong(longRows.slice(first, index), rows * ENTRY_BYTES);
      const view = this.#view;
      yield { bytes: { view, offsets: this.#offsets, lengths: this.#lengths }, fromRow, toRow };
      fromRow = toRow;
    } while (fromRow < rows);
  }

  /** Notes where the short strings are, and returns the rows of the long ones. */
  #readEntries(validity: Uint8Array | null, rows: number): number[] {
    const view = this.#view;
    const longRows: number[] = [];
    for (let row = 0; row < rows; row += 1) {
      if (validity !== null && (((validity[row >> 3] as number) >> (row & 7)) & 1) === 0) {
        this.#lengths[row] = -1;
        continue;
      }
      const entry = row * ENTRY_BYTES;
      const length = view.getUint32(entry, true);
      this.#lengths[row] = length;
      this.#offsets[row] = entry + 4;
      if (length > INLINE_STRING_BYTES) {
        const low = view.getUint32(entry + ADDRESS_AT, true);
        this.#addresses[row] = view.getUint32(entry + ADDRESS_AT + 4, true) * 2 ** 32 + low;
        longRows.push(row);
      }
    }
    return longRows;
  }

  #fetchLong(longRows: number[], start: number): void {
    const addresses = this.#addresses;
    const lengths = this.#lengths;
    if (!isAscending(longRows, addresses)) {
      longRows.sort((a, b) => (addresses[a] as number) - (addresses[b] as number));
    }
    let at = start;
    let index = 0;
    while (index < longRows.length) {
      const from = addresses[longRows[index] as number] as number;
      let to = from;
      let next = index;
      for (; next < longRows.length; next += 1) {
        const row = longRows[next] as number;
        const address = addresses[row] as number;
        if (address > to + MAX_GAP_BYTES) break;
        to = Math.max(to, address + (lengths[row] as number));
        this.#offsets[row] = at + address - from;
      }
      this.#copyFrom(from, to - from, at);
      at += to - from;
      index = next;
    }
  }

  #copyFrom(address: number, length: number, at: number): void {
    this.#reserve(at + length, at);
    this.#address[0] = BigInt(address);
    this.#bytes.set(duckdb.get_data_from_pointer(this.#address.buffer, 0, length), at);
  }

  #reserve(capacity: number, used: number): void {
    if (capacity <= this.#bytes.length) return;
    this.#resize(Math.max(capacity, this.#bytes.length * 2), used);
  }

  #resize(capacity: number, used: number): void {
    const bytes = new Uint8Array(capacity);
    bytes.set(this.#bytes.subarray(0, used));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function isAscending(rows: readonly number[], addresses: Float64Array): boolean {
  for (let index = 1; index < rows.length; index += 1) {
    const before = addresses[rows[index - 1] as number] as number;
    if (before > (addresses[rows[index] as number] as number)) return false;
  }
  return true;
}
