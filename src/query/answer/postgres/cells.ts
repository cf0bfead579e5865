/** The values of one column, each as the bytes that a message holds of it. */
import type { DuckDBValue } from '@duckdb/node-api';
import type { ColumnChunk } from './column-chunks.ts';
import type { RowBytes } from './row-bytes.ts';
import type { WriteValue } from './text-values.ts';

export interface Cells {
  /** From here on rows are those of this chunk. */
  take(chunk: ColumnChunk): void;
  /** @returns false for null, of which nothing is written */
  write(row: number, out: RowBytes): boolean;
}

/** Each value as the bindings give it. */
export class ValueCells implements Cells {
  readonly #column: number;
  readonly #write: WriteValue;
  #chunk: ColumnChunk | null = null;
  #items: { readonly getItem: (row: number) => DuckDBValue } | null = null;

  constructor(column: number, write: WriteValue) {
    this.#column = column;
    this.#write = write;
  }

  take(chunk: ColumnChunk): void {
    this.#chunk = chunk;
    this.#items = null;
  }

  write(row: number, out: RowBytes): boolean {
    // Only now, for most columns are read otherwise.
    this.#items ??= this.#chunk?.itemsOf(this.#column) ?? null;
    const value = this.#items?.getItem(row) ?? null;
    if (value === null) return false;
    this.#write(value, out);
    return true;
  }
}
