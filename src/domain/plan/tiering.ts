/** Which segments of the lake go to its far place. Pure; `--dry-run` prints what the job runs. */
import type { Dataset } from '../dataset.ts';
import { DAY_MS, type EpochMs, floorToUnit, type TimeRange } from '../time/time-range.ts';

/** A live segment that is not known to lie far. */
export interface NearSegment {
  readonly key: string;
  /** Of its slice. */
  readonly range: TimeRange;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
}

export interface TieringPlan {
  readonly dataset: string;
  /** Slices that end by then go; null where the dataset's segments all stay near. */
  readonly before: EpochMs | null;
  readonly far: string;
  /** Oldest first. */
  readonly due: readonly NearSegment[];
  /** Near copies of what lies far, whose readers have had their time. */
  readonly needless: readonly NearSegment[];
}

/** @param tableNow what the clock of the dataset's writers shows */
export function farBefore(
  { farDays }: Pick<Dataset, 'farDays'>,
  tableNow: EpochMs,
): EpochMs | null {
  return farDays === undefined ? null : floorToUnit(tableNow, 'day') - farDays * DAY_MS;
}

/** What one transaction commits: it holds the ledger's rows, and what was copied before it is copied in vain where it fails. */
const MAX_BATCH_SEGMENTS = 64;
const MAX_BATCH_BYTES = 1024 ** 3;

/** One after the other, in order. A segment that is larger by itself is one alone. */
export function batchesForFar(
  segments: readonly NearSegment[],
): readonly (readonly NearSegment[])[] {
  const batches: NearSegment[][] = [];
  let [current, bytes]: [NearSegment[], number] = [[], 0];
  for (const segment of segments) {
    const isFull = current.length === MAX_BATCH_SEGMENTS || bytes + segment.bytes > MAX_BATCH_BYTES;
    if (current.length === 0 || isFull) {
      [current, bytes] = [[], 0];
      batches.push(current);
    }
    current.push(segment);
    bytes += segment.bytes;
  }
  return batches;
}

export function bytesOfAll(segments: readonly Pick<NearSegment, 'bytes'>[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** From the first to the last of them; there is one at least. */
export function hullOf(segments: readonly Pick<NearSegment, 'range'>[]): TimeRange {
  return {
    fromInclusive: Math.min(...segments.map(({ range }) => range.fromInclusive)),
    toExclusive: Math.max(...segments.map(({ range }) => range.toExclusive)),
  };
}
