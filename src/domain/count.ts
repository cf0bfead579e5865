/** Counts in words that agree with them. */

/** `1 row`, `15,403 rows`, `2 entries`. */
export function countOf(count: number | bigint, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${agree(count, one, many)}`;
}

/** The word that goes with so many: `is` or `are`. */
export function agree(count: number | bigint, one: string, many: string): string {
  return Number(count) === 1 ? one : many;
}

/** Of 1024 × 1024 bytes each, as everywhere else. */
export function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / 1_048_576))} MB`;
}
