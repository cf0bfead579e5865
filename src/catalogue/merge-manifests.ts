/**
 * Which manifests become one. A move writes a manifest of its own and rewrites no other, so that a table of many
 * moves would have a list of as many, which each move writes anew. Merged by how many files they list, a file is
 * listed anew a few times at most in the life of its table, and the list stays short.
 */
import type { Manifest } from '../domain/lake/manifest.ts';

/** More files would make a manifest too large to be read for one day of it. */
export const MAX_ENTRIES = 4_000;

/** So many of a size become one, and what becomes of them is of the next. */
const OF_A_SIZE = 32;
const SIZES = [16, 256, MAX_ENTRIES / 2] as const;

/** The keys of those that go into one another, each in the order in which they were given. */
export function chooseMerges(manifests: readonly Manifest[]): readonly (readonly string[])[] {
  const alike = new Map<string, string[]>();
  for (const { key, specId, counts } of manifests) {
    const files = counts.existing + counts.added;
    const size = SIZES.find((most) => files < most);
    // Large enough to stay as it is.
    if (size === undefined) continue;
    const group = `${String(specId)} ${String(size)}`;
    alike.set(group, [...(alike.get(group) ?? []), key]);
  }
  return [...alike.values()].filter((keys) => keys.length >= OF_A_SIZE);
}
