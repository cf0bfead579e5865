/** Smallest and largest value of a column in a segment, as PostgreSQL writes them; null where none. */
export interface ColumnStatistics {
  readonly min: string | null;
  readonly max: string | null;
}
