import type { ColumnStatistics } from './column-statistics.ts';
import type { ValueCounts } from './value-counts.ts';

/** What is known of a segment without opening it. */
export interface SegmentFacts {
  readonly key: string;
  readonly rows: bigint;
  readonly bytes: bigint;
  /** Both included, microseconds since 1970. */
  readonly minTimeUs: bigint;
  readonly maxTimeUs: bigint;
  /**
   * In the order of the column's type in the lake; for text that is the order of its UTF-8 bytes.
   * Null where it is not known, or the column is null in every row.
   */
  readonly statistics: Readonly<Record<string, ColumnStatistics>>;
  /** Null of segments from before they were counted. */
  readonly counts: ValueCounts | null;
  /** How long its footer is, with its length and the magic behind it. Null where nobody has looked. */
  readonly footerBytes: number | null;
}
