/** Pages of the keys that a pattern names, from every master. */
import type { Redis } from 'ioredis';
import type { KeyPattern } from '../domain/live/key-pattern.ts';
import type { LiveStore } from './connect.ts';
import { doing } from './redis-error.ts';

export interface KeyPage {
  readonly keys: readonly string[];
  /** Keys whose names are not UTF-8, as far as they can be shown. */
  readonly unreadable: readonly string[];
}

/** How many keys the server looks at in one go: about half a millisecond of its time. */
const SCAN_COUNT = 1_000;

/** No pattern takes tierd's own keys for somebody's data. */
const OWN_PREFIX = 'tierd:';

/** What bytes that are not UTF-8 become when they are read as text. */
const REPLACEMENT = '\uFFFD';

/**
 * Every key that is there all the while, at least once; SCAN may tell some twice. Pages without any
 * key of the pattern are left out. A pattern without captures is one key, and nothing is scanned.
 *
 * Of a cluster whose slots are moved meanwhile some may be missing: a key that went from a master that
 * was not looked at yet to one that was. The next scan has it.
 */
export async function* scanKeys(
  store: LiveStore,
  pattern: KeyPattern,
  signal: AbortSignal,
): AsyncGenerator<KeyPage, void, undefined> {
  if (pattern.captures.length === 0) {
    yield { keys: [pattern.glob.replace(/\\(.)/gs, '$1')], unreadable: [] };
    return;
  }
  for (const master of store.masters()) {
    let cursor = '0';
    do {
      signal.throwIfAborted();
      const [next, found] = await scan(store, master, cursor, pattern.glob);
      cursor = next;
      const page = pageOf(found, pattern);
      if (page.keys.length > 0 || page.unreadable.length > 0) yield page;
    } while (cursor !== '0');
  }
}

/** As `scanKeys`, and no key is missing that went from one master of a cluster to another meanwhile. */
export async function* scanEveryKey(
  store: LiveStore,
  pattern: KeyPattern,
  signal: AbortSignal,
): AsyncGenerator<KeyPage, void, undefined> {
  yield* scanKeys(store, pattern, signal);
  // Where it is now has been looked at before it came; this time it is met there.
  if (store.isCluster && pattern.captures.length > 0) yield* scanKeys(store, pattern, signal);
}

function scan(
  store: LiveStore,
  master: Redis,
  cursor: string,
  glob: string,
): Promise<[cursor: string, keys: string[]]> {
  const { host, port } = master.options;
  const node = store.isCluster ? `node ${host ?? ''}:${String(port)} of ` : '';
  return doing(`looking for keys like ${glob} at ${node}${store.place}`, () =>
    master.scan(cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT),
  );
}

function pageOf(found: readonly string[], { text, regexp }: KeyPattern): KeyPage {
  const own = text.startsWith(OWN_PREFIX);
  const keys = new Set<string>();
  const unreadable = new Set<string>();
  for (const key of found) {
    if (key.startsWith(OWN_PREFIX) !== own || !regexp.test(key)) continue;
    // Read as text they can't be asked for: the name that we have is not theirs.
    if (key.includes(REPLACEMENT)) unreadable.add(key);
    else keys.add(key);
  }
  return { keys: [...keys], unreadable: [...unreadable] };
}
