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

export const CALENDAR_UNITS = ['year', 'month', 'day'] as const;

/** By years, by months, by days, or by the values of a column. */
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

/** Which files an export is cut into, and how many rows belong into each. */
export interface PartsAsk extends WithinTimes {
  readonly kind: 'parts';
  readonly dataset: string;
  /** Null: not by time. */
  readonly unit: CalendarUnit | null;
  readonly by: readonly string[];
  /** No more than so many are told. */
  readonly limit: number;
}

/** All rows of an export, or those of one of its files. */
export interface ExportAsk extends WithinTimes {
  readonly kind: 'export';
  readonly dataset: string;
  /** Null: all of them. */
  readonly columns: readonly string[] | null;
  /** Columns that the table does not have are passed over. */
  readonly sortBy: readonly string[];
  readonly part: ExportPart | null;
}

export interface ExportPart extends WithinTimes {
  /** Null is NULL. */
  readonly values: readonly { readonly column: string; readonly value: string | null }[];
}

/** What an export writes: those that other programs read. */
export type ExportFormat = 'parquet' | 'csv' | 'ndjson' | 'arrow';

export type AskOfDataset = RowsOfDataset | PartsAsk | ExportAsk;

export type StructuredAsk = AskOfDataset | { readonly kind: 'datasets' };
