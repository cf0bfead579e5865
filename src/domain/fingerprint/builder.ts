/** Sums a slice's fingerprint up, batch by batch, column by column. */
import { type ColumnBytes, lanesToHex, type SliceFingerprint } from '../fingerprint.ts';
import { RowHasher } from './row-hasher.ts';

export class FingerprintBuilder {
  /** Rows that are read into the room it lends are hashed without being copied. */
  readonly hasher: RowHasher;
  readonly #names: readonly string[];
  readonly #nulls: Float64Array;
  /** Two lanes per column. */
  readonly #sums: Int32Array;
  #rows = 0;
  #rowSumA = 0;
  #rowSumB = 0;

  constructor(columnNames: readonly string[], maxBatchRows: number) {
    this.hasher = RowHasher.take(maxBatchRows);
    this.#names = columnNames;
    this.#nulls = new Float64Array(columnNames.length);
    this.#sums = new Int32Array(columnNames.length * 2);
  }

  /**
   * Adds rows `[fromRow, toRow)` of one column of a batch. All rows of every column must be added,
   * column after column in order, before `endBatch`.
   */
  addColumn(index: number, bytes: ColumnBytes, fromRow: number, toRow: number): void {
    const [sumA = 0, sumB = 0, nulls = 0] = this.hasher.addColumn(bytes, fromRow, toRow);
    const sums = this.#sums;
    sums[index * 2] = ((sums[index * 2] as number) + sumA) | 0;
    sums[index * 2 + 1] = ((sums[index * 2 + 1] as number) + sumB) | 0;
    this.#nulls[index] = (this.#nulls[index] as number) + nulls;
  }

  /** Closes the rows that all columns were added for. */
  endBatch(rows: number): void {
    const [sumA = 0, sumB = 0] = this.hasher.endRows(rows);
    this.#rowSumA = (this.#rowSumA + sumA) | 0;
    this.#rowSumB = (this.#rowSumB + sumB) | 0;
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
