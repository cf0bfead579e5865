/** Whether Redis may still hand out what the ledger has as committed. Changes nothing. */
import type { LiveStore } from './connect.ts';
import { doing, isRefusal } from './redis-error.ts';

export interface GivenIds {
  readonly key: string;
  readonly group: string;
  /** Inclusive, as Redis writes ids. */
  readonly firstId: string;
  readonly lastId: string;
}

/**
 * Whether anything between these ids is pending for some consumer of the group. Nothing is where the
 * stream or its group is gone.
 */
export function isPending(store: LiveStore, given: GivenIds): Promise<boolean> {
  const { key, group, firstId, lastId } = given;
  return doing(`looking for what is pending of the stream "${key}"`, async () => {
    try {
      const pending = await store.client.xpending(key, group, firstId, lastId, 1);
      return pending.length > 0;
    } catch (error) {
      if (isRefusal(error, 'NOGROUP') || isRefusal(error, 'WRONGTYPE')) return false;
      throw error;
    }
  });
}

/** Whether there is a key of that name. */
export function isThere(store: LiveStore, key: string): Promise<boolean> {
  return doing(`looking for "${key}"`, async () => (await store.client.exists(key)) > 0);
}
