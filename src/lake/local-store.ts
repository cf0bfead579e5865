/** The lake on a local disk (or on anything mounted like one). */
import { dirname, join } from 'node:path';
import { TierdError } from '../domain/errors.ts';
import { checksumOf, chunkOf } from './checksum.ts';
import { directoriesBetween, makeDirectories, removeEmptyDirectories } from './directories.ts';
import { type ByteRange, type FileSystem, isNodeError, unlinkIfThere } from './file-system.ts';
import { freeBytesAt, nearestExisting } from './free-bytes.ts';
import { interrupted, objectMissing, readFailure, reading, writing } from './lake-failure.ts';
import { assertMarked } from './marker.ts';
import { assertObjectKey, isLeftOut, isOwnRecord, STAGING_DIRECTORY } from './object-key.ts';
import type { ListedObject, ObjectFacts, ObjectStore, PutOutcome } from './object-store.ts';
import { publishFile } from './publish-file.ts';
import { smallStaging } from './small-staging.ts';
import { createStaging, removeStaging } from './staging.ts';

/**
 * A lake in the directory `root`, which may be a symbolic link and need not exist yet. Changes
 * nothing: the directory is made with the marker or the first object. Of a lake that is away (a dead
 * mount, a loop of links, a folder on the way that may not be searched) each step says why.
 *
 * @param root absolute
 * @param stagingRoot absolute and on the same file system; unless given, hidden in `root`
 */
export async function openLocalStore(
  root: string,
  fs: FileSystem,
  stagingRoot?: string,
): Promise<ObjectStore> {
  // What keeps the path from being followed keeps every step from it as well, and is told there.
  const real = await resolveRoot(root, fs).catch(() => root);
  return new LocalStore(real, stagingRoot ?? join(real, STAGING_DIRECTORY), fs);
}

/** The real path, as far as it exists, so that links inside the lake can be told from the way to it. */
async function resolveRoot(root: string, fs: FileSystem): Promise<string> {
  try {
    return await fs.realPath(root);
  } catch (error) {
    if (!isNodeError(error, 'ENOENT') || root === dirname(root)) throw error;
    return join(await resolveRoot(dirname(root), fs), root.slice(dirname(root).length));
  }
}

class LocalStore implements ObjectStore {
  readonly place: string;
  readonly stagingRoot: string;
  readonly ranges = null;
  readonly tiers = null;
  readonly checksums = null;
  readonly lifecycle = null;
  readonly #fs: FileSystem;

  constructor(root: string, stagingRoot: string, fs: FileSystem) {
    this.place = root;
    this.stagingRoot = stagingRoot;
    this.#fs = fs;
  }

  async putIfAbsent(
    key: string,
    stagedPath: string,
    facts: ObjectFacts,
    signal?: AbortSignal,
  ): Promise<PutOutcome> {
    const finalPath = this.locate(key);
    if (signal?.aborted === true) throw interrupted(`publish ${finalPath}`, signal.reason);
    await assertMarked(this);
    return writing(`publish ${finalPath}`, async () => {
      await this.#assertNoLinkOnTheWay(finalPath);
      return publishFile(this.#fs, { root: this.place, stagedPath, finalPath, facts }, signal);
    });
  }

  async putSmallIfAbsent(key: string, bytes: Uint8Array): Promise<PutOutcome> {
    const finalPath = this.locate(key);
    return writing(`publish ${finalPath}`, async () => {
      const facts = await checksumOf(chunkOf(bytes));
      return this.#inStaging(smallStaging(facts.sha256), async (directory) => {
        const stagedPath = join(directory, 'object');
        await this.#fs.writeNewFile(stagedPath, bytes);
        return publishFile(this.#fs, { root: this.place, stagedPath, finalPath, facts });
      });
    });
  }

  async replaceSmall(key: string, bytes: Uint8Array): Promise<void> {
    const finalPath = this.locate(key);
    await writing(`replace ${finalPath}`, async () => {
      await this.#assertNoLinkOnTheWay(finalPath);
      const { sha256 } = await checksumOf(chunkOf(bytes));
      await this.#inStaging(smallStaging(sha256), async (directory) => {
        const stagedPath = join(directory, 'object');
        await this.#fs.writeNewFile(stagedPath, bytes);
        await makeDirectories(this.#fs, this.place, dirname(finalPath));
        await this.#fs.rename(stagedPath, finalPath);
        await this.#fs.syncDirectory(dirname(finalPath));
      });
    });
  }

  async stat(key: string): Promise<{ readonly bytes: number } | null> {
    const path = this.locate(key);
    const facts = await reading(`look at ${path}`, async () => {
      const found = await this.#fs.look(path);
      if (found === null) await this.#assertNoFileInPlace();
      return found;
    });
    // A link in an object's place has another length, so whoever compares sees that it is none.
    return facts === null || facts.kind === 'directory' ? null : { bytes: facts.bytes };
  }

  async *read(key: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const path = this.locate(key);
    if (signal?.aborted === true) throw interrupted(`read ${path}`, signal.reason);
    if (range !== undefined && range.fromInclusive >= range.toExclusive) return;
    try {
      yield* this.#fs.read(path, range ?? null, signal);
    } catch (error) {
      throw isNodeError(error, 'ENOENT', 'ENOTDIR')
        ? objectMissing(path, error)
        : readFailure(`read ${path}`, error);
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ListedObject> {
    if (prefix !== '') assertObjectKey(prefix.replace(/\/$/, ''));
    const directory = join(this.place, prefix);
    for await (const found of this.#walk(directory, prefix, signal)) {
      if (!isLeftOut(found.key, prefix)) yield found;
    }
  }

  async remove(key: string): Promise<boolean> {
    const path = this.locate(key);
    if ((await this.stat(key)) === null) return false;
    return writing(`remove ${path}`, async () => {
      await this.#assertNoLinkOnTheWay(path);
      const removed = await unlinkIfThere(this.#fs, path);
      await removeEmptyDirectories(this.#fs, this.place, dirname(path));
      return removed;
    });
  }

  locate(key: string): string {
    assertObjectKey(key);
    return join(this.place, ...key.split('/'));
  }

  readable(key: string): Promise<string> {
    return Promise.resolve(this.locate(key));
  }

  async freeBytes(): Promise<number> {
    await reading(`measure the free space at ${this.place}`, () => this.#assertNoFileInPlace());
    return freeBytesAt(this.#fs, this.place);
  }

  async lookWritable(): Promise<void> {
    await writing(`write into ${this.place}`, async () => {
      await this.#assertNoFileInPlace();
      await this.#fs.assertMayWrite(await nearestExisting(this.#fs, this.place));
    });
  }

  async checkWritable(): Promise<readonly string[]> {
    await writing(`write a probe into ${this.place}`, () =>
      this.#inStaging(`probe-${String(process.pid)}`, async (directory) => {
        await this.#fs.writeNewFile(join(directory, 'probe'), PROBE);
        await this.#fs.syncDirectory(directory);
      }),
    );
    return [];
  }

  /** A file where the lake or a folder above it should be is no empty lake. */
  async #assertNoFileInPlace(): Promise<void> {
    const at = await nearestExisting(this.#fs, this.place);
    const facts = await this.#fs.look(at);
    if (facts === null || facts.kind === 'directory') return;
    // What a link leads to, and whether that is there, is the link's own matter.
    if (facts.kind === 'link' && (await isFolderOrGone(this.#fs, at))) return;
    throw new Error(`${at} is not a folder`);
  }

  async #inStaging<T>(id: string, step: (directory: string) => Promise<T>): Promise<T> {
    const directory = await createStaging(this.#fs, this.stagingRoot, id);
    try {
      return await step(directory);
    } finally {
      await removeStaging(this.#fs, this.stagingRoot, id);
    }
  }

  /** A link inside the lake could lead a write or a removal anywhere. */
  async #assertNoLinkOnTheWay(path: string): Promise<void> {
    for (const at of directoriesBetween(this.place, path)) {
      const facts = await this.#fs.look(at);
      if (facts === null) return;
      if (facts.kind !== 'link') continue;
      throw new TierdError({
        code: 'LAKE_UNWRITABLE',
        message: `${at} is a symbolic link inside the lake, and tierd writes and removes only what lies in the lake itself. Nothing was changed.`,
        hint: 'Put the whole lake where it has the room (its root may be a link), and replace the link by what it points to.',
        context: { path: at },
      });
    }
  }

  async *#walk(
    directory: string,
    prefix: string,
    signal: AbortSignal | undefined,
  ): AsyncIterable<ListedObject> {
    if (signal?.aborted === true) throw interrupted(`list ${directory}`, signal.reason);
    for (const entry of await this.#entries(directory)) {
      const path = join(directory, entry.name);
      const key = prefix + entry.name;
      if (entry.kind === 'directory') {
        // Own records lie below the root alone, and who asks for theirs is given them.
        const isSkipped = prefix === '' && isOwnRecord(`${key}/`);
        if (!isSkipped) yield* this.#walk(path, `${key}/`, signal);
        continue;
      }
      // Removed since the directory was read: no longer an object.
      const facts = await reading(`look at ${path}`, () => this.#fs.look(path));
      if (facts !== null) yield { key, bytes: facts.bytes };
    }
  }

  async #entries(directory: string) {
    return reading(`list ${directory}`, async () => {
      try {
        const entries = await this.#fs.readDirectory(directory);
        return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      } catch (error) {
        if (isNodeError(error, 'ENOENT')) return [];
        throw error;
      }
    });
  }
}

async function isFolderOrGone(fs: FileSystem, link: string): Promise<boolean> {
  try {
    return (await fs.look(await fs.realPath(link)))?.kind === 'directory';
  } catch (error) {
    if (isNodeError(error, 'ENOENT')) return true;
    throw error;
  }
}

const PROBE = new TextEncoder().encode('tierd was here\n');
