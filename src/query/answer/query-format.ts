/** In a file of its own: `--help` names them without loading a query engine. */
export const QUERY_FORMATS = ['table', 'expanded', 'json', 'ndjson', 'csv', 'parquet'] as const;

export type QueryFormat = (typeof QUERY_FORMATS)[number];
