/** What a row of tierd.segments, called g, says of its segment. */
import type { ColumnStatistics } from '../domain/lake/column-statistics.ts';
import type { SegmentFacts } from '../domain/lake/segment-facts.ts';
import type { ValueCounts } from '../domain/lake/value-counts.ts';

export const FACTS_COLUMNS = `g.object_key, g.row_count::text, g.bytes::text, g.min_time_us::text,
  g.max_time_us::text, g.statistics, g.value_counts, g.footer_bytes`;

export interface FactsRow {
  readonly object_key: string;
  readonly row_count: string;
  readonly bytes: string;
  readonly min_time_us: string;
  readonly max_time_us: string;
  readonly statistics: Record<string, ColumnStatistics>;
  readonly value_counts: ValueCounts | null;
  readonly footer_bytes: number | null;
}

export function factsOf(row: FactsRow): SegmentFacts {
  return {
    key: row.object_key,
    rows: BigInt(row.row_count),
    bytes: BigInt(row.bytes),
    minTimeUs: BigInt(row.min_time_us),
    maxTimeUs: BigInt(row.max_time_us),
    statistics: row.statistics,
    counts: row.value_counts,
    footerBytes: row.footer_bytes,
  };
}
