import type { ObjectStore } from '../../../lake/object-store.ts';

/** What an engine opens. A bare path is no URI to all of them; nothing in it is escaped. */
export function lakeUri(store: Pick<ObjectStore, 'locate'>, key: string): string {
  const place = store.locate(key);
  return place.startsWith('/') ? `file://${place}` : place;
}
