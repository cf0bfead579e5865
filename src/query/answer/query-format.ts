/** In a file of its own: `--help` names them without loading a query engine. */
export const QUERY_FORMATS = ['table', 'json', 'ndjson', 'csv', 'parquet'] as const;

export type QueryFormat = (typeof QUERY_FORMATS)[number];
