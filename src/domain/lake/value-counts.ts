/** How many values of a segment's columns are null or NaN. A column that has none is not named. */
export interface ValueCounts {
  readonly nulls: Readonly<Record<string, number>>;
  readonly nans: Readonly<Record<string, number>>;
}
