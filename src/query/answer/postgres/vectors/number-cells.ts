/** Numbers as the text that PostgreSQL makes of them. */
import type { Cells } from '../cells.ts';
import type { RowBytes } from '../row-bytes.ts';
import { VectorCells } from './vector-cells.ts';
import { wholeNumber, wholeOf128 } from './whole-numbers.ts';

const MINUS = 0x2d;
const POINT = 0x2e;

type Integers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

export interface IntegerArray {
  new (memory: ArrayBuffer, offset: number, length: number): Integers;
  readonly BYTES_PER_ELEMENT: number;
}

/** Of up to 32 bits. */
export class IntegerText extends VectorCells {
  readonly #arrayOf: IntegerArray;
  #values: Integers = new Int32Array();

  constructor(column: number, arrayOf: IntegerArray, others: Cells) {
    super(column, arrayOf.BYTES_PER_ELEMENT, others);
    this.#arrayOf = arrayOf;
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#values = new this.#arrayOf(memory, offset, rows);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    out.integer(this.#values[row] ?? 0);
    return true;
  }
}

export class BigintText extends VectorCells {
  #words = new Int32Array();

  constructor(column: number, others: Cells) {
    super(column, 8, others);
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#words = new Int32Array(memory, offset, rows * 2);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    const value = wholeNumber(this.#words, row * 2);
    if (Number.isNaN(value)) return false;
    out.integer(value);
    return true;
  }
}

/** An integer, of which so many digits are behind the point; read as a number. */
export interface DecimalSource {
  readonly width: number;
  readonly scale: number;
  /** @returns NaN where it is no safe integer */
  readonly reader: (memory: ArrayBuffer, offset: number, rows: number) => (row: number) => number;
}

/** By how many digits there may be at all, as the engine chooses. */
export function decimalSource(precision: number, scale: number): DecimalSource {
  if (precision <= 4)
    return { width: 2, scale, reader: (...of) => valuesOf(new Int16Array(...of)) };
  if (precision <= 9)
    return { width: 4, scale, reader: (...of) => valuesOf(new Int32Array(...of)) };
  if (precision <= 18) {
    return {
      width: 8,
      scale,
      reader(memory, offset, rows) {
        const words = new Int32Array(memory, offset, rows * 2);
        return (row) => wholeNumber(words, row * 2);
      },
    };
  }
  return {
    width: 16,
    scale,
    reader(memory, offset, rows) {
      const words = new Int32Array(memory, offset, rows * 4);
      return (row) => wholeOf128(words, row * 4);
    },
  };
}

const valuesOf =
  (values: Int16Array | Int32Array) =>
  (row: number): number =>
    values[row] ?? 0;

/** More digits behind the point are no integer that a number holds exactly. */
export const MOST_SCALE = 15;

export class DecimalText extends VectorCells {
  readonly #source: DecimalSource;
  readonly #unit: number;
  #value: (row: number) => number = () => Number.NaN;

  constructor(column: number, source: DecimalSource, others: Cells) {
    super(column, source.width, others);
    this.#source = source;
    this.#unit = 10 ** source.scale;
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#value = this.#source.reader(memory, offset, rows);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    const value = this.#value(row);
    if (Number.isNaN(value)) return false;
    writeDecimal(out, value, this.#unit, this.#source.scale);
    return true;
  }
}

/** @param value a safe integer @param unit 10 to the power of `scale` */
function writeDecimal(out: RowBytes, value: number, unit: number, scale: number): void {
  const size = Math.abs(value);
  if (value < 0) out.byte(MINUS);
  // The quotient may have been rounded up to the next integer.
  let whole = Math.floor(size / unit);
  if (whole * unit > size) whole -= 1;
  out.integer(whole);
  if (scale === 0) return;
  out.byte(POINT);
  out.padded(size - whole * unit, scale);
}

export class DoubleText extends VectorCells {
  #values = new Float64Array();

  constructor(column: number, others: Cells) {
    super(column, 8, others);
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#values = new Float64Array(memory, offset, rows);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    return writeFewDigits(out, this.#values[row] ?? 0);
  }
}

/** With fewer, the power of ten is written apart. */
const LEAST = 1e-4;

/**
 * A float that a decimal number of at most 15 digits reads back to: no other decimal number of so few does, and so
 * it is the shortest there is. Division is correctly rounded, as reading is.
 *
 * @returns false where it is none of those, or 0
 */
function writeFewDigits(out: RowBytes, value: number): boolean {
  const size = Math.abs(value);
  // Together at most 15 digits before the point and behind it.
  if (size >= LEAST && size < 1e7) return writeFewer(out, value, 1e8, 8);
  return size >= 1e7 && size < 1e11 && writeFewer(out, value, 1e4, 4);
}

function writeFewer(out: RowBytes, value: number, unit: number, scale: number): boolean {
  const scaled = Math.round(value * unit);
  if (scaled / unit !== value) return false;
  writeDecimal(out, scaled, unit, scale);
  out.dropZeros();
  if (out.bytes[out.at - 1] === POINT) out.at -= 1;
  return true;
}
