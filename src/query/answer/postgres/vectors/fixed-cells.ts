/** Values whose bytes are those of the engine's memory in another order, or a letter for each. */
import type { Cells } from '../cells.ts';
import type { RowBytes } from '../row-bytes.ts';
import { VectorCells } from './vector-cells.ts';

const TRUE = 0x74;
const FALSE = 0x66;

export class BooleanCells extends VectorCells {
  readonly #isTrue: number;
  readonly #isFalse: number;
  #values = new Uint8Array();

  constructor(column: number, isBinary: boolean, others: Cells) {
    super(column, 1, others);
    this.#isTrue = isBinary ? 1 : TRUE;
    this.#isFalse = isBinary ? 0 : FALSE;
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#values = new Uint8Array(memory, offset, rows);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    out.byte(this.#values[row] === 0 ? this.#isFalse : this.#isTrue);
    return true;
  }
}

/** Integers and floats of 2, 4 or 8 bytes: the highest byte goes first. */
export class ReversedCells extends VectorCells {
  readonly #bytesOfOne: number;
  #bytes = new Uint8Array();

  constructor(column: number, bytesOfOne: number, others: Cells) {
    super(column, bytesOfOne, others);
    this.#bytesOfOne = bytesOfOne;
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#bytes = new Uint8Array(memory, offset, rows * this.#bytesOfOne);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    const width = this.#bytesOfOne;
    out.reserve(width);
    const { bytes, at } = out;
    const from = (row + 1) * width - 1;
    for (let index = 0; index < width; index += 1) {
      bytes[at + index] = this.#bytes[from - index] ?? 0;
    }
    out.at = at + width;
    return true;
  }
}

/** From the first day of 1970 to that of 2000, where PostgreSQL's times begin. */
const DAYS_TO_2000 = 10_957;
const LAST = 2 ** 31 - 1;

export class BinaryDates extends VectorCells {
  #days = new Int32Array();

  constructor(column: number, others: Cells) {
    super(column, 4, others);
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#days = new Int32Array(memory, offset, rows);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    const days = this.#days[row] ?? 0;
    // What is infinite is the greatest, or the least.
    if (Math.abs(days) >= LAST) return false;
    out.reserve(4);
    out.int32At(days - DAYS_TO_2000, out.at);
    out.at += 4;
    return true;
  }
}

const MICROS_TO_2000 = 946_684_800_000_000n;
const WORD = 2 ** 32;
const LOW_TO_2000 = Number(MICROS_TO_2000 & 0xffff_ffffn);
const HIGH_TO_2000 = Number(MICROS_TO_2000 >> 32n);
const MOST_HIGH = 2 ** 31 - 1;

export class BinaryTimestamps extends VectorCells {
  #words = new Int32Array();

  constructor(column: number, others: Cells) {
    super(column, 8, others);
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#words = new Int32Array(memory, offset, rows * 2);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    const high = this.#words[row * 2 + 1] ?? 0;
    // Infinite, or so near to it that a word might overflow.
    if (Math.abs(high) >= MOST_HIGH - HIGH_TO_2000) return false;
    const low = ((this.#words[row * 2] ?? 0) >>> 0) - LOW_TO_2000;
    out.reserve(8);
    out.int32At(high - HIGH_TO_2000 - (low < 0 ? 1 : 0), out.at);
    out.int32At(low < 0 ? low + WORD : low, out.at + 4);
    out.at += 8;
    return true;
  }
}

const HEX = Buffer.from('0123456789abcdef');
const HYPHEN = 0x2d;
/** Before which of its bytes one stands. */
const HYPHENS: ReadonlySet<number> = new Set([4, 6, 8, 10]);
const UUID_BYTES = 16;

/** 16 bytes, the lowest first, the highest bit turned round. */
export class UuidCells extends VectorCells {
  readonly #isBinary: boolean;
  #bytes = new Uint8Array();

  constructor(column: number, isBinary: boolean, others: Cells) {
    super(column, UUID_BYTES, others);
    this.#isBinary = isBinary;
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#bytes = new Uint8Array(memory, offset, rows * UUID_BYTES);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    const from = (row + 1) * UUID_BYTES - 1;
    for (let index = 0; index < UUID_BYTES; index += 1) {
      const byte = (this.#bytes[from - index] ?? 0) ^ (index === 0 ? 0x80 : 0);
      if (this.#isBinary) {
        out.byte(byte);
        continue;
      }
      if (HYPHENS.has(index)) out.byte(HYPHEN);
      out.byte(HEX[byte >> 4] ?? 0);
      out.byte(HEX[byte & 15] ?? 0);
    }
    return true;
  }
}
