/** In a file of its own: `--help` names them without loading a query engine. */
export const QUERY_FORMATS = [
  'table',
  'expanded',
  'json',
  'ndjson',
  'csv',
  'arrow',
  'parquet',
] as const;

export type QueryFormat = (typeof QUERY_FORMATS)[number];

/** Bytes, which no terminal shows. */
export const BINARY_FORMATS: readonly QueryFormat[] = ['arrow', 'parquet'];
