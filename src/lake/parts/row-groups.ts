/** What a footer says of its row groups, for those who choose among them. */
import type { RowGroup } from '../segment-files.ts';
import type { FooterSpans } from './footer-spans.ts';

export function rowGroupsOf({ columns, groups }: FooterSpans): readonly RowGroup[] {
  const leaves = new Map(columns.map(({ name }, leaf) => [name, leaf]));
  return groups.map(({ rows, chunks }) => ({
    rows,
    boundsOf(name) {
      const leaf = leaves.get(name) ?? -1;
      const column = columns[leaf];
      const bounds = chunks[leaf]?.bounds ?? null;
      return column === undefined || bounds === null ? null : { ...bounds, ...column };
    },
  }));
}
