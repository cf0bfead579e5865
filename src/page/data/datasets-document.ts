/** What `GET /v1/datasets` tells, as far as the page needs it. */

export interface DatasetsDocument {
  readonly datasets: readonly AskableDataset[];
}

export interface AskableDataset {
  readonly dataset: string;
  /** Why it can not be asked, if so. */
  readonly error: string | null;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly time_column: string;
  readonly time_kind: 'timestamptz' | 'timestamp' | 'date' | 'integer' | null;
  readonly unique_key: readonly string[];
  readonly hot: Side;
  readonly cold: Side;
}

/** Of rows, their first and last instant; ISO 8601. */
export interface Side {
  readonly oldest: string | null;
  readonly newest: string | null;
}
