import type { LiveStore } from './connect.ts';
import { doing } from './redis-error.ts';

export interface Drained {
  readonly dataset: string;
  readonly source: string;
  readonly rows: number;
  /** ISO 8601; null when no row of the batch has a time. */
  readonly newest: string | null;
}

/** Tells whoever subscribed to `tierd:drained:<dataset>`. Returns how many heard it. */
export async function announceDrained(store: LiveStore, drained: Drained): Promise<number> {
  const { dataset, source, rows, newest } = drained;
  const message = JSON.stringify({ source, rows, newest });
  return doing(`announcing drained rows of ${dataset}`, () =>
    store.client.publish(`tierd:drained:${dataset}`, message),
  );
}
