/** The rows of a COPY stream, batch by batch: found, decoded and fingerprinted. */
import {
  type ColumnBatch,
  type ColumnVector,
  MAX_BATCH_ROWS,
} from '../../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { FingerprintBuilder } from '../../domain/fingerprint/builder.ts';
import type { SliceFingerprint } from '../../domain/fingerprint.ts';
import { decoderFor } from './column-decoder.ts';
import { ColumnTarget, type DecodeColumn } from './column-target.ts';
import { RowScanner, type ScanStop } from './row-scanner.ts';

export interface BatchDecoderOptions {
  readonly columns: readonly ColumnPlan[];
  /** Named in the hint about a value that can't be held. */
  readonly dataset: string;
  /** Whether text may be something else than UTF-8. */
  readonly checkUtf8: boolean;
}

/** Bounds the memory of a batch of wide rows; 2,048 narrow rows stay far below. */
const MAX_BATCH_BYTES = 4 << 20;

interface ColumnWork {
  readonly decode: DecodeColumn;
  readonly target: ColumnTarget;
}

export class BatchDecoder {
  readonly #scanner: RowScanner;
  readonly #work: readonly ColumnWork[];
  readonly #fingerprint: FingerprintBuilder;
  #rows = 0;

  constructor({ columns, dataset, checkUtf8 }: BatchDecoderOptions) {
    this.#work = columns.map((plan) => ({
      decode: decoderFor(plan, checkUtf8),
      target: new ColumnTarget(plan, dataset),
    }));
    const names = columns.map((plan) => plan.name);
    this.#fingerprint = new FingerprintBuilder(names, MAX_BATCH_ROWS);
    this.#scanner = new RowScanner({
      columns: columns.length,
      maxRows: MAX_BATCH_ROWS,
      maxBatchBytes: MAX_BATCH_BYTES,
      hasher: this.#fingerprint.hasher,
    });
  }

  /** Rows decoded so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes of COPY data so far. */
  get bytes(): number {
    return this.#scanner.dataBytes;
  }

  /** Rows found and not yet decoded. */
  get pendingRows(): number {
    return this.#scanner.rows;
  }

  get trailerSeen(): boolean {
    return this.#scanner.trailerSeen;
  }

  /** After `scan` returned 'message': that message. */
  get message(): Uint8Array {
    return this.#scanner.message;
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  scan(): ScanStop {
    return this.#scanner.scan();
  }

  /**
   * Decodes the pending rows. The batch is valid until `release`.
   * Throws VALUE_NOT_HELD and COPY_STREAM_BROKEN.
   */
  decode(): ColumnBatch {
    const rows = this.#scanner.rows;
    const columns = this.#work.map(({ decode, target }, index): ColumnVector => {
      const source = this.#scanner.column(index);
      target.usesHeap = false;
      target.hasOddFloats = false;
      decode(source, rows, target);
      this.#fingerprint.addColumn(index, source, 0, rows);
      const nulls = target.markNulls(source.lengths, rows);
      return { data: target.data, width: target.width, nulls, validity: target.validity };
    });
    this.#fingerprint.endBatch(rows);
    this.#rows += rows;
    return {
      rows,
      columns,
      heap: this.#work.some(({ target }) => target.usesHeap) ? this.#scanner.scannedBytes : null,
      hasOddFloats: this.#work.some(({ target }) => target.hasOddFloats),
    };
  }

  /** Gives the memory of the pending rows back, decoded or not. */
  release(): void {
    this.#scanner.release();
  }

  /** Of all rows decoded. It is of no more use then. */
  finish(): SliceFingerprint {
    this.#fingerprint.hasher.giveBack();
    return this.#fingerprint.finish();
  }
}
