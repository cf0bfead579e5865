/**
 * Where segments lie. One interface; `test/contract/object-store.ts` is what it promises, and
 * every backend passes it.
 */
import type { ByteRange } from './file-system.ts';

/** What the writer of a staged file knows of it. */
export interface ObjectFacts {
  readonly bytes: number;
  /** SHA-256 of the whole object, 64 lower-case hex digits. */
  readonly sha256: string;
}

export interface ListedObject {
  /** As found: what others put into the lake need not be a valid key. */
  readonly key: string;
  readonly bytes: number;
}

export type PutOutcome = 'created' | 'already-there';

export interface ObjectStore {
  /** For messages: the lake's root directory or bucket. */
  readonly place: string;
  /** A local directory, absolute, from which `putIfAbsent` publishes best. */
  readonly stagingRoot: string;

  /**
   * Publishes a staged file under `key`, never replacing anything. Returns once the object would
   * survive a power cut; the staged file is gone then. `already-there`: an object of that very
   * SHA-256 lies there, as read back now (a retry that meets its own leftover adopts it).
   *
   * Killed or failed half-way, the object is either not there or whole, and the same call again
   * converges. After a failure of the device (LAKE_UNWRITABLE) stage the file anew: what a failed
   * flush left of it is unknown.
   *
   * @throws TierdError OBJECT_CONFLICT when another object lies there; LAKE_FULL; LAKE_UNWRITABLE;
   *   LAKE_NOT_THE_SAME when the lake has no marker; STAGED_FILE_CHANGED; INTERRUPTED before
   *   anything was published.
   */
  putIfAbsent(
    key: string,
    stagedFilePath: string,
    facts: ObjectFacts,
    signal?: AbortSignal,
  ): Promise<PutOutcome>;

  /** The same for an object of a few bytes, and without asking for the marker (it may be it). */
  putSmallIfAbsent(key: string, bytes: Uint8Array): Promise<PutOutcome>;

  /**
   * Puts an object of a few bytes in the place of whatever lies there. Only for what is no segment and
   * says the same again when it is written again. Who reads meanwhile gets the old bytes or the new, in a
   * bucket for a moment none.
   */
  replaceSmall(key: string, bytes: Uint8Array): Promise<void>;

  /** Null when there is no such object. @throws TierdError LAKE_UNREADABLE */
  stat(key: string): Promise<{ readonly bytes: number } | null>;

  /**
   * The object's bytes, or those of `range`, streamed. Each chunk is lent until the next is asked for.
   * @throws TierdError OBJECT_MISSING, LAKE_UNREADABLE; INTERRUPTED when `signal` aborts
   */
  read(key: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array>;

  /**
   * Every object whose key starts with `prefix`, each once and in an order that stays the same;
   * the marker, the owners, heads of the audit log, manifests, Iceberg metadata and the staging area are left out, unless
   * `prefix` names their directory. It is empty or ends with a slash.
   */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ListedObject>;

  /**
   * Removes the object, directories that it leaves empty, and what was sent of it and never
   * completed. No object: nothing to do.
   * @returns whether there was anything
   */
  remove(key: string): Promise<boolean>;

  /** For messages: where it lies, or would. Does not look whether it exists. */
  locate(key: string): string;

  /**
   * A path on this machine at which the object's bytes can be opened, as they lie in the store
   * now: its own on a local disk, else a copy made in `directory` in place of an earlier one.
   * @throws TierdError OBJECT_MISSING, LAKE_UNREADABLE, LAKE_FULL; INTERRUPTED
   */
  readable(key: string, directory: string, signal?: AbortSignal): Promise<string>;

  /** Null where a part of an object costs as much as all of it: files on this machine. */
  readonly ranges: RangedReads | null;

  /** Null where all of the lake lies in one place. */
  readonly tiers: Tiers | null;
  /** Null where the store keeps no checksums: files on this machine. */
  readonly checksums: StoredChecksums | null;

  /** Null where nobody but people removes or moves what lies there: a disk. */
  readonly lifecycle: StoreLifecycle | null;

  /** Null where there is no such limit. */
  freeBytes(): Promise<number | null>;

  /**
   * Looks whether something could be put here, as far as that shows without a trace: what may be
   * done in a bucket does not.
   * @throws TierdError LAKE_UNWRITABLE
   */
  lookWritable(): Promise<void>;

  /**
   * Writes, publishes and removes a probe. Not for a dry run.
   * @returns what this store does not do as it should, each a sentence: tierd manages without
   * @throws TierdError LAKE_UNWRITABLE, LAKE_FULL
   */
  checkWritable(): Promise<readonly string[]>;
}

/** Parts of objects, each of one version of its object, so that what was replaced meanwhile is never mixed. */
export interface RangedReads {
  /**
   * The bytes of `range`, which is not empty and lies within the object.
   * @param version that of an earlier answer; null for whatever lies there now
   * @returns null where another version lies there now, the range is not within it, or versions can't be told
   * @throws TierdError OBJECT_MISSING, LAKE_UNREADABLE, LAKE_UNREACHABLE; INTERRUPTED when `signal` aborts
   */
  read(
    key: string,
    range: ByteRange,
    version: string | null,
    signal?: AbortSignal,
  ): Promise<RangeOfVersion | null>;
}

export interface RangeOfVersion {
  readonly bytes: Uint8Array;
  readonly version: string;
  /** Of the whole object. */
  readonly objectBytes: number;
}

/** Two places that are one lake: what is published lies near, and what has become old enough far. */
export interface Tiers {
  readonly near: ObjectStore;
  readonly far: ObjectStore;
}

/** What the store does by itself, by rules that somebody has set. */
export interface StoreLifecycle {
  /**
   * What these would do to segments, each a sentence; null where they can't be seen with these rights, or of this store.
   * @throws TierdError LAKE_UNREACHABLE, LAKE_UNREADABLE where the bucket can't be asked at all
   */
  look(): Promise<readonly string[] | null>;
}

/** Checksums that the store itself took when it was given the objects: its word, and no proof of what it would give back. */
export interface StoredChecksums {
  /** @throws TierdError OBJECT_MISSING, LAKE_UNREADABLE, LAKE_UNREACHABLE; INTERRUPTED when `signal` aborts */
  look(key: string, signal?: AbortSignal): Promise<StoredChecksum>;
}

export interface StoredChecksum {
  readonly bytes: number;
  /** Of the whole object, in hex; null where the store keeps none, as of what was sent in parts. */
  readonly sha256: string | null;
}

/** What looking at a few objects needs. */
export type ReadableStore = Pick<ObjectStore, 'place' | 'stat' | 'read'>;
