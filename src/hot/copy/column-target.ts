/** One column of the batch that is being filled. */
import { MAX_BATCH_ROWS } from '../../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { TierdError } from '../../domain/errors.ts';
import type { ColumnBytes } from '../../domain/fingerprint.ts';
import { brokenStream, valueNotHeld } from './stream-errors.ts';

/** A column's vector while it is filled, and whom to tell what can't be. */
export class ColumnTarget {
  readonly plan: ColumnPlan;
  readonly width: number;
  readonly data: ArrayBuffer;
  /** The same memory as `data`. */
  readonly bytes: Uint8Array;
  readonly halves: Int16Array;
  readonly words: Int32Array;
  readonly validity = new ArrayBuffer(MAX_BATCH_ROWS / 8);
  /** A string in the batch at hand lies in the heap. */
  usesHeap = false;
  /** A float in the batch at hand is −0 or a NaN other than PostgreSQL's own. */
  hasOddFloats = false;
  readonly #validityWords = new Uint32Array(this.validity);
  readonly #dataset: string;

  constructor(plan: ColumnPlan, dataset: string) {
    this.plan = plan;
    this.#dataset = dataset;
    this.width = vectorWidth(plan);
    this.data = new ArrayBuffer(MAX_BATCH_ROWS * this.width);
    this.bytes = new Uint8Array(this.data);
    this.halves = new Int16Array(this.data, 0, this.data.byteLength >> 1);
    this.words = new Int32Array(this.data, 0, this.data.byteLength >> 2);
  }

  /** Marks the nulls, and returns how many there are. */
  markNulls(lengths: Int32Array, rows: number): number {
    const validity = this.#validityWords.fill(0xffffffff);
    let nulls = 0;
    for (let row = 0; row < rows; row += 1) {
      if (lengths[row] !== -1) continue;
      nulls += 1;
      validity[row >> 5] = (validity[row >> 5] as number) & ~(1 << (row & 31));
    }
    return nulls;
  }

  /** The error for a value of a length that its type doesn't have; nothing for a null. */
  checkLength(length: number, expected: number): void {
    if (length === -1) return;
    throw brokenStream(
      `a value of column ${this.plan.name} (${this.plan.postgresType}) is ${String(length)} bytes long instead of ${String(expected)}`,
    );
  }

  /** The error for bytes that are no value of the type. */
  malformed(what: string): TierdError {
    return brokenStream(
      `a value of column ${this.plan.name} (${this.plan.postgresType}) is malformed: ${what}`,
    );
  }

  /** The error for a value that text can't hold either. */
  notHeldAtAll(value: string, reason: string): TierdError {
    const { name, postgresType } = this.plan;
    return valueNotHeld({
      dataset: this.#dataset,
      column: name,
      postgresType,
      value,
      reason,
      hint: 'Correct the value in PostgreSQL, or give the column the type bytea.',
    });
  }

  /** The error for a value that the native type can't hold. */
  notHeld(value: string, reason: string): TierdError {
    const { name, postgresType } = this.plan;
    return valueNotHeld({ dataset: this.#dataset, column: name, postgresType, value, reason });
  }
}

/** Fills the vector's first `rows` rows from the bytes PostgreSQL sent. */
export type DecodeColumn = (source: ColumnBytes, rows: number, target: ColumnTarget) => void;

/** Bytes per row of the DuckDB vector. */
function vectorWidth({ held }: ColumnPlan): number {
  switch (held.kind) {
    case 'bool':
      return 1;
    case 'int2':
      return 2;
    case 'int4':
    case 'uint4':
    case 'float4':
    case 'date':
      return 4;
    case 'int8':
    case 'float8':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return 8;
    case 'decimal':
      return decimalBytes(held.width);
    case 'uuid':
    case 'bytea':
    case 'json':
    case 'jsonb':
    case 'varchar':
    case 'text':
      return 16;
  }
}

/** DuckDB keeps a decimal in the smallest integer that has its digits. */
function decimalBytes(digits: number): number {
  if (digits <= 4) return 2;
  if (digits <= 9) return 4;
  return digits <= 18 ? 8 : 16;
}
