/** Decimal numbers in PostgreSQL's binary form: digits of base 10,000, and where the point is among them. */
import type { Cells } from '../cells.ts';
import type { RowBytes } from '../row-bytes.ts';
import type { DecimalSource } from './number-cells.ts';
import { VectorCells } from './vector-cells.ts';

const DIGITS = 4;
const BASE = 10_000;
const NEGATIVE = 0x4000;
/** Of a safe integer before the point, and of 12 digits behind it. */
const MOST_GROUPS = 7;
const HEAD_BYTES = 8;
/** With more behind the point they might be no safe integer. */
export const MOST_BINARY_SCALE = 12;

export class BinaryNumerics extends VectorCells {
  readonly #source: DecimalSource;
  readonly #unit: number;
  /** Groups of digits behind the point, and what the last of them lacks. */
  readonly #after: number;
  readonly #filling: number;
  readonly #groups = new Int16Array(MOST_GROUPS);
  #value: (row: number) => number = () => Number.NaN;

  constructor(column: number, source: DecimalSource, others: Cells) {
    super(column, source.width, others);
    this.#source = source;
    this.#unit = 10 ** source.scale;
    this.#after = Math.ceil(source.scale / DIGITS);
    this.#filling = 10 ** (this.#after * DIGITS - source.scale);
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#value = this.#source.reader(memory, offset, rows);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    const value = this.#value(row);
    if (Number.isNaN(value)) return false;
    const size = Math.abs(value);
    // The quotient may have been rounded up to the next integer.
    let whole = Math.floor(size / this.#unit);
    if (whole * this.#unit > size) whole -= 1;
    const first = this.#split(whole, (size - whole * this.#unit) * this.#filling);
    this.#write(out, first, value < 0);
    return true;
  }

  /** Into groups that end with the last one. @returns which is the first that is not 0; one too many where none is */
  #split(whole: number, fraction: number): number {
    const groups = this.#groups;
    let at = MOST_GROUPS;
    let left = fraction;
    for (let index = 0; index < this.#after; index += 1) {
      const rest = Math.floor(left / BASE);
      at -= 1;
      groups[at] = left - rest * BASE;
      left = rest;
    }
    for (left = whole; left > 0; ) {
      const rest = Math.floor(left / BASE);
      at -= 1;
      groups[at] = left - rest * BASE;
      left = rest;
    }
    while (at < MOST_GROUPS && groups[at] === 0) at += 1;
    return at;
  }

  #write(out: RowBytes, first: number, isNegative: boolean): void {
    const groups = this.#groups;
    let end = MOST_GROUPS;
    while (end > first && groups[end - 1] === 0) end -= 1;
    const count = end - first;
    out.reserve(HEAD_BYTES + 2 * MOST_GROUPS);
    const weight = count === 0 ? 0 : MOST_GROUPS - this.#after - 1 - first;
    out.int32At((count << 16) | (weight & 0xffff), out.at);
    out.int32At(((isNegative ? NEGATIVE : 0) << 16) | this.#source.scale, out.at + 4);
    out.at += HEAD_BYTES;
    for (let at = first; at < end; at += 1) {
      const group = groups[at] ?? 0;
      out.bytes[out.at] = group >> 8;
      out.bytes[out.at + 1] = group;
      out.at += 2;
    }
  }
}
