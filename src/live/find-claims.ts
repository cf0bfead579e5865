import { matchKey } from '../domain/live/key-pattern.ts';
import { anyClaim, claimPattern } from './claim-name.ts';
import type { LiveStore } from './connect.ts';
import { scanEveryKey, scanKeys } from './scan-keys.ts';

/** The claims of `source` that are there, in the order in which they were made. */
export async function findClaims(
  store: LiveStore,
  source: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for await (const { keys } of scanEveryKey(store, claimPattern(source), signal)) {
    for (const key of keys) found.add(key);
  }
  return [...found].sort();
}

/** How many claims each source has, also those that are in no configuration. Reads the whole keyspace. */
export async function countClaims(
  store: LiveStore,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const pattern = anyClaim();
  for await (const { keys } of scanKeys(store, pattern, signal)) {
    for (const key of keys) {
      const source = matchKey(pattern, key)?.[0] ?? '';
      counts.set(source, (counts.get(source) ?? 0) + 1);
    }
  }
  return counts;
}
