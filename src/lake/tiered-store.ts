/**
 * A lake in two places. Keys are never given twice and objects never replaced (I3), so that a key means the same bytes
 * in either place, or in both: nobody who reads the lake, or works on it, needs to know where something lies. What is
 * published goes near, and so do all of tierd's own records; which segments go far is the ledger's to say.
 */
import { TierdError } from '../domain/errors.ts';
import type { ByteRange } from './file-system.ts';
import { isOwnRecord, MARKER_KEY, OWNER_DIRECTORY } from './object-key.ts';
import type {
  ListedObject,
  ObjectFacts,
  ObjectStore,
  PutOutcome,
  StoredChecksums,
  Tiers,
} from './object-store.ts';

/** Looks near first: that is a disk, or as quick as the far place. */
export function openTieredStore(near: ObjectStore, far: ObjectStore): ObjectStore {
  return new TieredStore({ near, far });
}

/**
 * The same lake, of which these segments are read in the far place, as queries read them: a near copy of theirs may be
 * there still, and says nothing of the one that counts.
 */
export function readingFar(store: ObjectStore, keys: ReadonlySet<string>): ObjectStore {
  return store.tiers === null ? store : new TieredStore(store.tiers, keys);
}

/** Where segments are published, and everything but what went far lies. */
export function nearOf(store: ObjectStore): ObjectStore {
  return store.tiers?.near ?? store;
}

class TieredStore implements ObjectStore {
  readonly place: string;
  readonly stagingRoot: string;
  /** Of a place: whoever reads in parts has to know which. */
  readonly ranges = null;
  readonly checksums: StoredChecksums | null;
  /** Of a place, as well. */
  readonly lifecycle = null;
  readonly tiers: Tiers;
  /** Not looked for near. */
  readonly #readFar: ReadonlySet<string>;

  constructor(tiers: Tiers, readFar: ReadonlySet<string> = new Set()) {
    this.place = tiers.near.place;
    this.stagingRoot = tiers.near.stagingRoot;
    this.tiers = tiers;
    this.checksums = checksumsOf(tiers, readFar);
    this.#readFar = readFar;
  }

  putIfAbsent(
    key: string,
    stagedFilePath: string,
    facts: ObjectFacts,
    signal?: AbortSignal,
  ): Promise<PutOutcome> {
    return this.tiers.near.putIfAbsent(key, stagedFilePath, facts, signal);
  }

  async putSmallIfAbsent(key: string, bytes: Uint8Array): Promise<PutOutcome> {
    const { near, far } = this.tiers;
    if (!key.startsWith(`${OWNER_DIRECTORY}/`)) return near.putSmallIfAbsent(key, bytes);
    // Whose the lake is, both places say: two owners that have a copy of one each share the other. The near one decides,
    // and what the far one lacks of it, where nobody has claimed it yet, comes with its claim.
    const isClaimed = (await far.stat(MARKER_KEY)) !== null;
    const outcome = await near.putSmallIfAbsent(key, bytes);
    if (isClaimed) await far.putSmallIfAbsent(key, bytes);
    return outcome;
  }

  replaceSmall(key: string, bytes: Uint8Array): Promise<void> {
    return this.tiers.near.replaceSmall(key, bytes);
  }

  async stat(key: string): Promise<{ readonly bytes: number } | null> {
    const { near, far } = this.tiers;
    // What leaves the near place lies in the far one by then, so that this order misses nothing.
    const found = await near.stat(key);
    return found === null && !isOwnRecord(key) ? far.stat(key) : found;
  }

  async *read(key: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const { near, far } = this.tiers;
    if (this.#readFar.has(key)) {
      yield* far.read(key, range, signal);
      return;
    }
    let isBegun = false;
    try {
      for await (const chunk of near.read(key, range, signal)) {
        isBegun = true;
        yield chunk;
      }
      return;
    } catch (error) {
      if (isBegun || isOwnRecord(key) || !isMissing(error)) throw error;
    }
    yield* far.read(key, range, signal);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ListedObject> {
    const { near, far } = this.tiers;
    const found = new Set<string>();
    for await (const object of near.list(prefix, signal)) {
      found.add(object.key);
      yield object;
    }
    if (isOwnRecord(`${prefix}_`)) return;
    for await (const object of far.list(prefix, signal)) if (!found.has(object.key)) yield object;
  }

  async remove(key: string): Promise<boolean> {
    const { near, far } = this.tiers;
    const wasNear = await near.remove(key);
    return (!isOwnRecord(key) && (await far.remove(key))) || wasNear;
  }

  locate(key: string): string {
    return this.tiers.near.locate(key);
  }

  async readable(key: string, directory: string, signal?: AbortSignal): Promise<string> {
    const { near, far } = this.tiers;
    const isFar = this.#readFar.has(key) || ((await near.stat(key)) === null && !isOwnRecord(key));
    return (isFar ? far : near).readable(key, directory, signal);
  }

  freeBytes(): Promise<number | null> {
    return this.tiers.near.freeBytes();
  }

  lookWritable(): Promise<void> {
    return this.tiers.near.lookWritable();
  }

  async checkWritable(): Promise<readonly string[]> {
    const { near, far } = this.tiers;
    return [...(await near.checkWritable()), ...(await far.checkWritable())];
  }
}

/** Null unless both places keep some. */
function checksumsOf({ near, far }: Tiers, readFar: ReadonlySet<string>): StoredChecksums | null {
  const [ofNear, ofFar] = [near.checksums, far.checksums];
  if (ofNear === null || ofFar === null) return null;
  return {
    look: (key, signal) =>
      readFar.has(key)
        ? ofFar.look(key, signal)
        : ofNear.look(key, signal).catch((error: unknown) => {
            if (isMissing(error)) return ofFar.look(key, signal);
            throw error;
          }),
  };
}

const isMissing = (error: unknown): boolean =>
  error instanceof TierdError && error.code === 'OBJECT_MISSING';
