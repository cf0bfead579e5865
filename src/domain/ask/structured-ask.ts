/** A question that is no SQL: names, values and a kind of answer. Nothing in it was checked yet. */

/** The column has one of the values. */
export interface ColumnFilter {
  readonly column: string;
  readonly values: readonly string[];
}

export const TIMEFRAMES = ['1m', '5m', '15m', '1h', '1d'] as const;

export type Timeframe = (typeof TIMEFRAMES)[number];

interface OfDataset {
  readonly dataset: string;
  readonly filters: readonly ColumnFilter[];
}

/** Half-open; null is no bound. */
interface WithinTimes {
  readonly from: string | null;
  readonly to: string | null;
}

export interface RowsAsk extends OfDataset, WithinTimes {
  readonly kind: 'rows';
  /** Null: all of them. */
  readonly columns: readonly string[] | null;
  /** By time, then by the unique key. */
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly cursor: string | null;
}

export interface BarsAsk extends OfDataset, WithinTimes {
  readonly kind: 'bars';
  readonly timeframe: Timeframe;
  /** Whose days, with `1d`. Null is UTC. */
  readonly timeZone: string | null;
  /** A column that all four are made of, in place of `open`, `high`, `low` and `close`. */
  readonly price: string | null;
  /** Null: `volume`, where there is such a column. */
  readonly volume: string | null;
  readonly by: readonly string[];
}

export interface AggregateAsk extends OfDataset, WithinTimes {
  readonly kind: 'aggregate';
  readonly by: readonly string[];
  /** `count`, `sum(volume)`. */
  readonly functions: readonly string[];
  /** Null: not by time. */
  readonly timeframe: Timeframe | null;
  readonly timeZone: string | null;
}

export type RowsOfDataset = RowsAsk | BarsAsk | AggregateAsk;

export type StructuredAsk = RowsOfDataset | { readonly kind: 'datasets' };
