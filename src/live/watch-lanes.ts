/**
 * Keys that are watched from before they are read until they are removed: Redis itself then says
 * whether any of them was written meanwhile. Comparing what they hold costs it twice as much, and is
 * left for the few that were. A connection watches one group of keys at a time, and not too many:
 * what WATCH takes grows with the square of them.
 */
import type { Redis } from 'ioredis';
import type { LiveStore } from './connect.ts';

/** What a connection watches. */
export interface Lane {
  readonly client: Redis;
  /** How many of its keys were there: only all together can be removed by it. */
  readonly size: number;
  /** How many of them are not yet removed. */
  waiting: number;
}

export class WatchLanes {
  readonly #store: LiveStore;
  readonly #idle: Redis[] = [];

  constructor(store: LiveStore) {
    this.#store = store;
  }

  /** From now on the keys are watched. */
  async watch(keys: readonly string[]): Promise<Redis> {
    const client = this.#idle.pop() ?? (await this.#store.openFurther());
    await client.watch(...keys);
    return client;
  }

  /** Removes the keys unless any key of the lane was written: then none. The lane is free again. */
  async removeUnwritten({ client }: Lane, keys: readonly string[]): Promise<boolean> {
    const done = await client
      .multi()
      .unlink(...keys)
      .exec();
    this.#idle.push(client);
    const [error] = done?.[0] ?? [];
    if (error !== undefined && error !== null) throw error;
    return done !== null;
  }

  /** Nothing of the lane is to be removed by it. */
  async release(client: Redis): Promise<void> {
    await client.unwatch();
    this.#idle.push(client);
  }
}
