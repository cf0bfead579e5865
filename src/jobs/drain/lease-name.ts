/** What a source's lease and runs go by; no dataset can be called so. */
export function drainLeaseOf(source: string): string {
  return `drain:${source}`;
}
