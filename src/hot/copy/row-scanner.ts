/**
 * Finds the rows of `COPY … TO STDOUT (FORMAT binary)` in what the socket delivers: where each
 * value lies and how long it is. It copies nothing but the socket's chunks into one buffer, where
 * they stay until the rows in it have been decoded. Formats: "Message Formats" and "COPY, Binary
 * Format" in PostgreSQL's manual; every length and count is checked against what encloses it.
 */

import type { RowHasher } from '../../domain/fingerprint/row-hasher.ts';
import type { ColumnBytes } from '../../domain/fingerprint.ts';
import { brokenStream } from './stream-errors.ts';

/** What the scanner stopped at. */
export type ScanStop =
  /** All complete messages are scanned. */
  | 'needs bytes'
  /** The rows scanned must be decoded and released first. */
  | 'batch full'
  /** A message that is not CopyData: `message` is it, whole. */
  | 'message';

export interface RowScannerOptions {
  readonly columns: number;
  readonly maxRows: number;
  /** A batch is full when its rows span so many bytes; a single row may span more. */
  readonly maxBatchBytes: number;
  /** Lends the buffer: there the rows are hashed without being copied again. */
  readonly hasher: RowHasher;
}

const COPY_DATA = 0x64;
const MESSAGE_HEADER_BYTES = 5;
/** PostgreSQL builds a message in a buffer of less than 1 GiB. */
const MAX_MESSAGE_BYTES = 2 ** 30;
const SIGNATURE = Uint8Array.of(80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0);
const FILE_HEADER_BYTES = SIGNATURE.length + 8;
/** Decoders read short strings as three words: that much may be read beyond the last value. */
const SLACK_BYTES = 16;
const INITIAL_CAPACITY = 1 << 20;
/** A buffer that one huge row made larger than this is given back afterwards. */
const KEPT_CAPACITY = 16 << 20;

export class RowScanner {
  readonly #options: RowScannerOptions;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  /** Up to here the buffer is scanned. */
  #position = 0;
  /** Up to here it is filled. */
  #end = 0;
  readonly #offsets: readonly Int32Array[];
  readonly #lengths: readonly Int32Array[];
  /** The same arrays, flat: column × maxRows + row. */
  readonly #flatOffsets: Int32Array;
  readonly #flatLengths: Int32Array;
  #rows = 0;
  #headerSeen = false;
  #trailerSeen = false;
  #dataBytes = 0;
  #message: Uint8Array = new Uint8Array(0);

  constructor(options: RowScannerOptions) {
    this.#options = options;
    const { columns, hasher, maxRows } = options;
    this.#bytes = hasher.lendRoom(INITIAL_CAPACITY, 0);
    this.#view = viewOf(this.#bytes);
    this.#flatOffsets = new Int32Array(columns * maxRows);
    this.#flatLengths = new Int32Array(columns * maxRows);
    const perColumn = (flat: Int32Array): Int32Array[] =>
      Array.from({ length: columns }, (_, column) =>
        flat.subarray(column * maxRows, (column + 1) * maxRows),
      );
    this.#offsets = perColumn(this.#flatOffsets);
    this.#lengths = perColumn(this.#flatLengths);
  }

  /** Rows scanned and not yet released. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes of all CopyData payloads so far. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  /** The end of the data was seen, in its binary form. */
  get trailerSeen(): boolean {
    return this.#trailerSeen;
  }

  /** After `scan` returned 'message': a copy of that message, its header included. */
  get message(): Uint8Array {
    return this.#message;
  }

  /** The bytes that the values of the scanned rows lie in, from the start of the buffer. */
  get scannedBytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#position);
  }

  /** Where the scanned rows' values of one column are; valid until `release`. */
  column(index: number): ColumnBytes {
    return {
      view: this.#view,
      offsets: this.#offsets[index] as Int32Array,
      lengths: this.#lengths[index] as Int32Array,
    };
  }

  /** Takes in what the socket delivered, cut anywhere. */
  push(chunk: Uint8Array): void {
    this.#reserve(this.#end + chunk.length + SLACK_BYTES);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Goes on to the next thing that somebody else must deal with. */
  scan(): ScanStop {
    const view = this.#view;
    while (this.#position + MESSAGE_HEADER_BYTES <= this.#end) {
      const type = view.getUint8(this.#position);
      const length = view.getInt32(this.#position + 1);
      if (length < 4 || length > MAX_MESSAGE_BYTES) {
        throw brokenStream(`a message says it is ${String(length)} bytes long`);
      }
      const messageEnd = this.#position + 1 + length;
      if (messageEnd > this.#end) {
        // A row larger than the buffer comes in many chunks: make room for it once.
        this.#reserve(messageEnd + SLACK_BYTES);
        return 'needs bytes';
      }
      if (type !== COPY_DATA) {
        this.#message = this.#bytes.slice(this.#position, messageEnd);
        this.#position = messageEnd;
        return 'message';
      }
      if (this.#isFull(messageEnd)) return 'batch full';
      this.#scanData(this.#position + MESSAGE_HEADER_BYTES, messageEnd);
      this.#dataBytes += length - 4;
      this.#position = messageEnd;
    }
    return 'needs bytes';
  }

  /** Forgets the scanned rows and moves what follows them to the start of the buffer. */
  release(): void {
    this.#bytes.copyWithin(0, this.#position, this.#end);
    this.#end -= this.#position;
    this.#position = 0;
    this.#rows = 0;
    if (this.#bytes.length > KEPT_CAPACITY && this.#end < INITIAL_CAPACITY / 2) {
      this.#resize(INITIAL_CAPACITY);
    }
  }

  #isFull(messageEnd: number): boolean {
    const { maxRows, maxBatchBytes } = this.#options;
    return this.#rows === maxRows || (this.#rows > 0 && messageEnd > maxBatchBytes);
  }

  /** The payload of one CopyData message: a row or the trailer, the header before the first. */
  #scanData(start: number, end: number): void {
    let at = start;
    if (!this.#headerSeen) {
      at = this.#scanFileHeader(at, end);
      this.#headerSeen = true;
      if (at === end) return;
    }
    if (this.#trailerSeen) throw brokenStream('data follows the end of the data');
    if (end - at < 2) throw brokenStream('a row is cut off');
    if (this.#view.getInt16(at) === -1 && end - at === 2) {
      this.#trailerSeen = true;
      return;
    }
    this.#scanRow(at, end);
  }

  #scanRow(start: number, end: number): void {
    const view = this.#view;
    const { columns, maxRows } = this.#options;
    const fields = view.getInt16(start);
    if (fields !== columns) {
      throw brokenStream(`a row has ${String(fields)} columns instead of ${String(columns)}`);
    }
    const offsets = this.#flatOffsets;
    const lengths = this.#flatLengths;
    let at = start + 2;
    for (let slot = this.#rows; slot < columns * maxRows; slot += maxRows) {
      if (at + 4 > end) throw brokenStream('a row is cut off');
      const length = view.getInt32(at);
      at += 4;
      offsets[slot] = at;
      lengths[slot] = length;
      if (length > 0) at += length;
      else if (length < -1) throw brokenStream(`a value says it is ${String(length)} bytes long`);
    }
    // Each length was added unchecked, but one too large carries `at` beyond the end for good.
    if (at !== end) throw brokenStream('the values of a row do not add up to its length');
    this.#rows += 1;
  }

  #scanFileHeader(start: number, end: number): number {
    if (end - start < FILE_HEADER_BYTES) throw brokenStream('the header is cut off');
    if (SIGNATURE.some((byte, index) => this.#bytes[start + index] !== byte)) {
      throw brokenStream('it does not start with the signature of binary COPY');
    }
    const flags = this.#view.getInt32(start + SIGNATURE.length);
    if (flags !== 0) throw brokenStream(`its header has the unknown flags ${String(flags)}`);
    const extension = this.#view.getInt32(start + SIGNATURE.length + 4);
    const at = start + FILE_HEADER_BYTES + extension;
    if (extension < 0 || at > end) throw brokenStream('its header extension is cut off');
    return at;
  }

  #reserve(capacity: number): void {
    if (capacity <= this.#bytes.length) return;
    this.#resize(Math.max(capacity, this.#bytes.length * 2));
  }

  #resize(capacity: number): void {
    this.#bytes = this.#options.hasher.lendRoom(capacity, this.#end);
    this.#view = viewOf(this.#bytes);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
