import { claimPattern } from './claim-name.ts';
import type { LiveStore } from './connect.ts';
import { scanKeys } from './scan-keys.ts';

/** The claims of `source` that are there, in the order in which they were made. */
export async function findClaims(
  store: LiveStore,
  source: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for await (const { keys } of scanKeys(store, claimPattern(source), signal)) {
    for (const key of keys) found.add(key);
  }
  return [...found].sort();
}
