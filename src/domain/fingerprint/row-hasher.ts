/**
 * The kernel and the memory it works in. What it reads must lie there: a reader of rows borrows the
 * room for bytes and reads into it at once, and the bytes of others are copied in.
 */
import { TierdError } from '../errors.ts';
import type { ColumnBytes } from '../fingerprint.ts';
import { KERNEL } from './kernel-bytes.ts';

/** What kernel/hash-rows.ts exports. All are addresses but `rows`. */
interface Kernel {
  addColumn(
    base: number,
    offsets: number,
    lengths: number,
    rows: number,
    rowA: number,
    rowB: number,
    sums: number,
  ): void;
  endRows(rows: number, rowA: number, rowB: number, sums: number): void;
}

const PAGE_BYTES = 1 << 16;
/** Rows that the kernel takes at once. */
const LANES = 4;
/** More than the kernel reads behind a value. */
const SLACK_BYTES = 16;
/** Copied bytes that need more than this get it, and it is given back. */
const KEPT_BYTES = 16 << 20;
/** So few bytes are copied in less time than it takes to find out which of them are used. */
const COPIED_WHOLE_BYTES = 64 << 10;

/** Where the memory begins: with the sums, which the kernel writes. */
const SUMS_AT = 0;
const SUMS_BYTES = 16;

const module = new WebAssembly.Module(Buffer.from(KERNEL, 'base64'));

/** A memory of WebAssembly is dear to make and to let go of, for a question of a few rows dearer than the rows. */
const idle: RowHasher[] = [];
const MOST_IDLE = 2;

export class RowHasher {
  readonly #maxRows: number;
  readonly #offsetsAt: number;
  readonly #lengthsAt: number;
  readonly #rowAAt: number;
  readonly #rowBAt: number;
  readonly #roomAt: number;
  #memory: WebAssembly.Memory;
  #kernel: Kernel;
  #integers: Int32Array;
  #room: Uint8Array<ArrayBuffer>;
  #isLent = false;

  /** One that was given back, or another. */
  static take(maxRows: number): RowHasher {
    const at = idle.findIndex((one) => one.#maxRows === maxRows);
    return idle.splice(at, at < 0 ? 0 : 1)[0] ?? new RowHasher(maxRows);
  }

  private constructor(maxRows: number) {
    this.#maxRows = maxRows;
    const arrayBytes = Math.ceil(maxRows / LANES) * LANES * 4;
    this.#offsetsAt = SUMS_AT + SUMS_BYTES;
    this.#lengthsAt = this.#offsetsAt + arrayBytes;
    this.#rowAAt = this.#lengthsAt + arrayBytes;
    this.#rowBAt = this.#rowAAt + arrayBytes;
    this.#roomAt = this.#rowBAt + arrayBytes;
    this.#memory = new WebAssembly.Memory({ initial: pagesFor(this.#roomAt) });
    this.#kernel = instantiate(this.#memory);
    [this.#integers, this.#room] = this.#look();
    this.endRows(maxRows);
  }

  /** After `endRows`, by whoever uses neither it nor its room any more. */
  giveBack(): void {
    this.#isLent = false;
    if (idle.length < MOST_IDLE && !idle.includes(this)) idle.push(this);
  }

  /**
   * Lends the room for bytes, at least `capacity` of them; those at its start that are `used` stay.
   * Call it again for more or less room: what was lent before is of no more use then.
   */
  lendRoom(capacity: number, used: number): Uint8Array<ArrayBuffer> {
    this.#isLent = true;
    this.#resize(capacity, used);
    return this.#room;
  }

  /**
   * Hashes rows `[fromRow, toRow)` of a column, and binds each value to those before it in its row.
   * Returns both sums of the values' hashes and the number of nulls, valid until the next call.
   */
  addColumn(bytes: ColumnBytes, fromRow: number, toRow: number): Int32Array {
    if (toRow > this.#maxRows) throw misused(`row ${toRow} of a batch of ${this.#maxRows}`);
    const isHere = bytes.view.buffer === this.#memory.buffer;
    const base = isHere ? bytes.view.byteOffset : this.#copyIn(bytes, fromRow, toRow);
    this.#integers.set(bytes.offsets.subarray(fromRow, toRow), this.#offsetsAt / 4);
    this.#integers.set(bytes.lengths.subarray(fromRow, toRow), this.#lengthsAt / 4);
    this.#kernel.addColumn(
      base,
      this.#offsetsAt,
      this.#lengthsAt,
      toRow - fromRow,
      this.#rowAAt + fromRow * 4,
      this.#rowBAt + fromRow * 4,
      SUMS_AT,
    );
    return this.#integers;
  }

  /** Ends the first `rows` rows and begins them anew. Returns both sums of their hashes, as above. */
  endRows(rows: number): Int32Array {
    this.#kernel.endRows(rows, this.#rowAAt, this.#rowBAt, SUMS_AT);
    return this.#integers;
  }

  /** Returns where the offsets count from now. */
  #copyIn(bytes: ColumnBytes, fromRow: number, toRow: number): number {
    // It would overwrite the rows of whoever has borrowed the room.
    if (this.#isLent) throw misused('rows that lie elsewhere than in the room that is lent');
    const [first, end] = extentOf(bytes, fromRow, toRow);
    const needed = end - first;
    const isKept = this.#room.length <= KEPT_BYTES || needed > KEPT_BYTES;
    if (needed > this.#room.length || !isKept) this.#resize(needed, 0);
    const { buffer, byteOffset } = bytes.view;
    this.#room.set(new Uint8Array(buffer, byteOffset + first, needed));
    return this.#roomAt - first;
  }

  #resize(capacity: number, used: number): void {
    const pages = pagesFor(this.#roomAt + capacity);
    const grown = pages - this.#memory.buffer.byteLength / PAGE_BYTES;
    if (grown > 0) {
      this.#memory.grow(grown);
      [this.#integers, this.#room] = this.#look();
    } else if (grown < 0) {
      // A memory can't shrink: another takes over what is in it.
      const kept = new Uint8Array(this.#memory.buffer, 0, this.#roomAt + used);
      this.#memory = new WebAssembly.Memory({ initial: pages });
      new Uint8Array(this.#memory.buffer).set(kept);
      this.#kernel = instantiate(this.#memory);
      [this.#integers, this.#room] = this.#look();
    }
  }

  #look(): [integers: Int32Array, room: Uint8Array<ArrayBuffer>] {
    const { buffer } = this.#memory;
    const roomBytes = buffer.byteLength - this.#roomAt - SLACK_BYTES;
    return [
      new Int32Array(buffer, 0, this.#roomAt / 4),
      new Uint8Array(buffer, this.#roomAt, roomBytes),
    ];
  }
}

/** From the first byte of the rows to behind the last; all that there is where that is little. */
function extentOf(
  { view, offsets, lengths }: ColumnBytes,
  fromRow: number,
  toRow: number,
): readonly [first: number, end: number] {
  const all = view.byteLength;
  if (all <= COPIED_WHOLE_BYTES) return [0, all];
  let [first, end] = [all, 0];
  for (let row = fromRow; row < toRow; row += 1) {
    const length = lengths[row] as number;
    if (length <= 0) continue;
    const offset = offsets[row] as number;
    if (offset < first) first = offset;
    if (offset + length > end) end = offset + length;
  }
  return end === 0 ? [0, 0] : [first, end];
}

function pagesFor(bytes: number): number {
  return Math.ceil((bytes + SLACK_BYTES) / PAGE_BYTES);
}

function instantiate(memory: WebAssembly.Memory): Kernel {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Kernel;
}

function misused(found: string): TierdError {
  return new TierdError({
    code: 'INTERNAL',
    message: `A fingerprint was given ${found}; nothing was changed.`,
  });
}
