/** What one run of a source has done so far. */
import type { DrainSource } from '../../domain/drain/source.ts';
import type { BatchResult } from './batch-result.ts';

export interface DrainTotals {
  readonly source: string;
  readonly dataset: string;
  batches: number;
  entries: number;
  rows: number;
  deadLetters: number;
  flagged: number;
  repeated: number;
  sameKey: number;
  lost: number;
  bytes: number;
  newestTimeUs: number | null;
}

export function newTotals({ name, dataset }: DrainSource): DrainTotals {
  return {
    source: name,
    dataset: dataset.name,
    batches: 0,
    entries: 0,
    rows: 0,
    deadLetters: 0,
    flagged: 0,
    repeated: 0,
    sameKey: 0,
    lost: 0,
    bytes: 0,
    newestTimeUs: null,
  };
}

export function addBatch(totals: DrainTotals, result: BatchResult): void {
  totals.batches += 1;
  totals.entries += result.entries;
  totals.rows += result.rows;
  totals.deadLetters += result.deadLetters;
  totals.flagged += result.flagged;
  totals.repeated += result.repeated;
  totals.sameKey += result.sameKey;
  totals.lost += result.lost;
  totals.bytes += result.bytes;
  const { newestTimeUs } = result;
  if (newestTimeUs !== null && newestTimeUs > (totals.newestTimeUs ?? -Infinity)) {
    totals.newestTimeUs = newestTimeUs;
  }
}
