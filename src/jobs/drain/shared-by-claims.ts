/**
 * Claims of several Redis keys that come to one row. Its fields are merged as they arrive, so that none stays for the other;
 * that there were several is told all the same.
 */
import type { WriteTarget } from '../../hot/write/write-statements.ts';
import type { SortedEntries } from './sort-entries.ts';

/** How many entries of the batch share the row of another key's. Several of one key are parts of one row. */
export function countSharedByClaims(
  { columns, key, merge }: WriteTarget,
  { rows, entries }: Pick<SortedEntries, 'rows' | 'entries'>,
): number {
  if (!merge || key === null) return 0;
  const places = key.map((name) => columns.findIndex((column) => column.name === name));
  const from = new Map<string, Set<string>>();
  for (const [index, { values }] of rows.entries()) {
    const row = JSON.stringify(places.map((place) => values[place] ?? null));
    const keys = from.get(row) ?? new Set<string>();
    from.set(row, keys.add(entries[index]?.key ?? ''));
  }
  return [...from.values()].reduce((sum, keys) => sum + keys.size - 1, 0);
}
