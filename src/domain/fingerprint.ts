/**
 * The fingerprint of a slice: of every column, and of whole rows, whatever the order of the rows.
 * It is taken from the bytes PostgreSQL sent for each value, and again from the bytes that the
 * values read back out of the lake would have been sent as; equal fingerprints are what allows a
 * delete (I1).
 *
 * Each value is hashed into two independent lanes of 32 bits; a column sums its lanes and counts
 * its nulls; a row chains the lanes of its values in column order, and the row hash sums those of
 * all rows. So a changed, lost or doubled value changes its column's sum, and values that changed
 * places between rows, or between columns, change the row hash.
 *
 * Strength: two lanes of 32 bits miss a random change with a chance of about 2^-64. The constants
 * are public and the hash is not cryptographic: it is proof against accidents of software and
 * hardware, not against somebody who wants two tables to look the same. Files are additionally
 * held to their SHA-256.
 */
import { TierdError } from './errors.ts';

export interface ColumnFingerprint {
  readonly name: string;
  readonly nulls: number;
  /** Both lanes of all values that are not null: 16 hex digits. */
  readonly values: string;
}

export interface SliceFingerprint {
  readonly rows: number;
  /** Both lanes of all rows: 16 hex digits. */
  readonly rowHash: string;
  readonly columns: readonly ColumnFingerprint[];
}

/** Where the value of each row lies in `view`; the length of a null is -1. */
export interface ColumnBytes {
  readonly view: DataView;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
}

const SEED_A = 0x2545f491;
const SEED_B = 0x6c8e9cf5;
const NULL_A = 0x3c6ef372;
const NULL_B = 0x1f83d9ab;
const ROW_A = 0x51ed270b;
const ROW_B = 0x7f4a7c15;

/** Sums a slice's fingerprint up, batch by batch, column by column. */
export class FingerprintBuilder {
  readonly #names: readonly string[];
  readonly #nulls: Float64Array;
  /** Two lanes per column. */
  readonly #sums: Int32Array;
  /** The chained lanes of the rows of the batch at hand. */
  readonly #rowA: Int32Array;
  readonly #rowB: Int32Array;
  readonly #lanes = new Int32Array(2);
  #rows = 0;
  #rowSumA = 0;
  #rowSumB = 0;

  constructor(columnNames: readonly string[], maxBatchRows: number) {
    this.#names = columnNames;
    this.#nulls = new Float64Array(columnNames.length);
    this.#sums = new Int32Array(columnNames.length * 2);
    this.#rowA = new Int32Array(maxBatchRows).fill(ROW_A);
    this.#rowB = new Int32Array(maxBatchRows).fill(ROW_B);
  }

  /**
   * Adds rows `[fromRow, toRow)` of one column of a batch. All rows of every column must be added,
   * column after column in order, before `endBatch`.
   */
  addColumn(index: number, bytes: ColumnBytes, fromRow: number, toRow: number): void {
    const { view, offsets, lengths } = bytes;
    const lanes = this.#lanes;
    const rowA = this.#rowA;
    const rowB = this.#rowB;
    let sumA = 0;
    let sumB = 0;
    let nulls = 0;
    for (let row = fromRow; row < toRow; row += 1) {
      const length = lengths[row] as number;
      let a = NULL_A;
      let b = NULL_B;
      if (length === 8) {
        const offset = offsets[row] as number;
        const high = view.getInt32(offset);
        const low = view.getInt32(offset + 4);
        a = finish(stepA(stepA(SEED_A, high), low), 8);
        b = finish(stepB(stepB(SEED_B, high), low), 8);
      } else if (length >= 0) {
        hashBytes(view, offsets[row] as number, length, lanes);
        a = lanes[0] as number;
        b = lanes[1] as number;
      } else {
        nulls += 1;
      }
      sumA = (sumA + a) | 0;
      sumB = (sumB + b) | 0;
      rowA[row] = chain(rowA[row] as number, a);
      rowB[row] = chain(rowB[row] as number, b);
    }
    // A null counts in its row, and in its column only as a null.
    sumA -= Math.imul(nulls, NULL_A);
    sumB -= Math.imul(nulls, NULL_B);
    const sums = this.#sums;
    sums[index * 2] = ((sums[index * 2] as number) + sumA) | 0;
    sums[index * 2 + 1] = ((sums[index * 2 + 1] as number) + sumB) | 0;
    this.#nulls[index] = (this.#nulls[index] as number) + nulls;
  }

  /** Closes the rows that all columns were added for. */
  endBatch(rows: number): void {
    const rowA = this.#rowA;
    const rowB = this.#rowB;
    let sumA = this.#rowSumA;
    let sumB = this.#rowSumB;
    for (let row = 0; row < rows; row += 1) {
      sumA = (sumA + finish(rowA[row] as number, 0)) | 0;
      sumB = (sumB + finish(rowB[row] as number, 0)) | 0;
      rowA[row] = ROW_A;
      rowB[row] = ROW_B;
    }
    this.#rowSumA = sumA;
    this.#rowSumB = sumB;
    this.#rows += rows;
  }

  finish(): SliceFingerprint {
    return {
      rows: this.#rows,
      rowHash: lanesToHex(this.#rowSumA, this.#rowSumB),
      columns: this.#names.map((name, index) => ({
        name,
        nulls: this.#nulls[index] as number,
        values: lanesToHex(this.#sums[index * 2] as number, this.#sums[index * 2 + 1] as number),
      })),
    };
  }
}

/** The fingerprint of the rows of both; the columns must be the same. */
export function addFingerprints(a: SliceFingerprint, b: SliceFingerprint): SliceFingerprint {
  if (a.columns.length !== b.columns.length) throw differentColumns();
  return {
    rows: a.rows + b.rows,
    rowHash: addHex(a.rowHash, b.rowHash),
    columns: a.columns.map((column, index) => {
      const other = b.columns[index];
      if (other?.name !== column.name) throw differentColumns();
      return {
        name: column.name,
        nulls: column.nulls + other.nulls,
        values: addHex(column.values, other.values),
      };
    }),
  };
}

export interface FingerprintDifference {
  /** The column, or null where only the rows as wholes differ. */
  readonly column: string | null;
  readonly what: 'rows' | 'columns' | 'nulls' | 'values' | 'row hash';
  readonly expected: string;
  readonly found: string;
}

/** What differs, most telling first; empty when the fingerprints are equal. */
export function compareFingerprints(
  expected: SliceFingerprint,
  found: SliceFingerprint,
): FingerprintDifference[] {
  const differences: FingerprintDifference[] = [];
  const check = (
    column: string | null,
    what: FingerprintDifference['what'],
    a: string | number,
    b: string | number,
  ): void => {
    if (a !== b) differences.push({ column, what, expected: String(a), found: String(b) });
  };
  check(null, 'rows', expected.rows, found.rows);
  const names = (print: SliceFingerprint): string =>
    JSON.stringify(print.columns.map((column) => column.name));
  check(null, 'columns', names(expected), names(found));
  expected.columns.forEach((column, index) => {
    const other = found.columns[index];
    if (other === undefined) return;
    check(column.name, 'nulls', column.nulls, other.nulls);
    check(column.name, 'values', column.values, other.values);
  });
  check(null, 'row hash', expected.rowHash, found.rowHash);
  return differences;
}

/** Both lanes of one value of any length. */
function hashBytes(view: DataView, offset: number, length: number, lanes: Int32Array): void {
  let a = SEED_A;
  let b = SEED_B;
  const wordsEnd = offset + (length & ~3);
  let at = offset;
  for (; at < wordsEnd; at += 4) {
    const word = view.getInt32(at);
    a = stepA(a, word);
    b = stepB(b, word);
  }
  const end = offset + length;
  if (at < end) {
    // The length is mixed in at the end, so padding with zeros confuses nothing.
    let word = 0;
    for (let shift = 24; at < end; at += 1, shift -= 8) word |= view.getUint8(at) << shift;
    a = stepA(a, word);
    b = stepB(b, word);
  }
  lanes[0] = finish(a, length);
  lanes[1] = finish(b, length);
}

// The two lanes must not have a way to miss the same change, so they mix differently: one by
// exclusive or and a shift, the other by addition and a rotation, with different odd factors.

function stepA(lane: number, word: number): number {
  const mixed = Math.imul(lane ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function stepB(lane: number, word: number): number {
  const mixed = Math.imul((lane + word) | 0, 0x85ebca77);
  return (mixed << 13) | (mixed >>> 19);
}

/** MurmurHash3's finaliser: every bit of the lane changes half of the bits of the result. */
function finish(lane: number, length: number): number {
  let mixed = lane ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Binds a value to those before it in its row: the order of the columns counts. */
function chain(row: number, lane: number): number {
  return Math.imul(((row << 5) | (row >>> 27)) ^ lane, 0xcc9e2d51);
}

function lanesToHex(a: number, b: number): string {
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0');
}

function addHex(a: string, b: string): string {
  const lane = (hex: string, at: number): number => Number.parseInt(hex.slice(at, at + 8), 16);
  return lanesToHex(lane(a, 0) + lane(b, 0), lane(a, 8) + lane(b, 8));
}

function differentColumns(): TierdError {
  return new TierdError({
    code: 'INTERNAL',
    message: 'Fingerprints of different columns were added; nothing was changed.',
  });
}
