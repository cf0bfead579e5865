/** Which datasets are shown, and in which order: pure, for any number of them. */
import type { DatasetDocument } from './documents.ts';

export const SORT_KEYS = ['dataset', 'hot', 'cold', 'due'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface Order {
  /** Null: those that need somebody first, the rest as the daemon lists them. */
  readonly key: SortKey | null;
  readonly isDescending: boolean;
}

export const WORST_FIRST: Order = { key: null, isDescending: false };

/** What keeps its rows from being counted is worse than what keeps them from being moved. */
function badnessOf({ error, refusals }: DatasetDocument): number {
  return error !== null ? 2 : refusals.length > 0 ? 1 : 0;
}

/** Those whose name holds every word of the search, in order. */
export function arrange(
  datasets: readonly DatasetDocument[],
  search: string,
  { key, isDescending }: Order,
): readonly DatasetDocument[] {
  const words = search.toLowerCase().split(/\s+/);
  const found = datasets.filter(({ dataset }) =>
    words.every((word) => dataset.toLowerCase().includes(word)),
  );
  if (key === null) {
    return found.toSorted((a, b) => badnessOf(b) - badnessOf(a));
  }
  const sign = isDescending ? -1 : 1;
  if (key === 'dataset') {
    return found.toSorted((a, b) => sign * a.dataset.localeCompare(b.dataset, 'en'));
  }
  return found.toSorted((a, b) => {
    const [left, right] = [figureOf(a, key), figureOf(b, key)];
    // What nobody knows is last, whichever way the rest is turned.
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sign * (left - right);
  });
}

/** Pressed once a column is sorted with the most on top, names from A; again: the other way round; then not at all. */
export function nextOrder(order: Order, key: SortKey): Order {
  const first: Order = { key, isDescending: key !== 'dataset' };
  if (order.key !== key) return first;
  return order.isDescending === first.isDescending
    ? { key, isDescending: !first.isDescending }
    : WORST_FIRST;
}

function figureOf(
  { hot, cold, due }: DatasetDocument,
  key: Exclude<SortKey, 'dataset'>,
): number | null {
  switch (key) {
    case 'hot':
      return hot.rows;
    case 'cold':
      return cold.rows;
    case 'due':
      return due?.rows ?? null;
  }
}
