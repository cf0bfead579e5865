/** A string literal, for PostgreSQL and DuckDB alike. Names in the demo are its own and need no quotes. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
