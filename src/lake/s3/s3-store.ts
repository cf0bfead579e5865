/** The lake in a bucket of S3, or of a store that speaks its protocol. */
import { basename, join } from 'node:path';
import { checksumOf, chunkOf } from '../checksum.ts';
import { type ByteRange, type FileSystem, unlinkIfThere } from '../file-system.ts';
import { freeBytesAt } from '../free-bytes.ts';
import { interrupted, objectMissing, writing } from '../lake-failure.ts';
import { assertMarked } from '../marker.ts';
import { assertObjectKey, isLeftOut, MARKER_KEY, PROBE_DIRECTORY } from '../object-key.ts';
import type {
  ListedObject,
  ObjectFacts,
  ObjectStore,
  PutOutcome,
  RangedReads,
  StoredChecksums,
  StoreLifecycle,
} from '../object-store.ts';
import { changing, looking, s3LookFailure } from './lake-failures.ts';
import { harmsOf } from './lifecycle.ts';
import { patiently } from './patiently.ts';
import { probeBucket } from './probe-bucket.ts';
import { publishObject } from './publish-object.ts';
import { readObject } from './read-object.ts';
import { rangesOf } from './read-range.ts';
import type { ListedPage, S3Api } from './s3-api.ts';
import { isS3Failure } from './s3-failure.ts';
import { checksumsOf } from './stored-checksum.ts';
import { base64Of, isInParts, uploadFile } from './upload-file.ts';

/**
 * Connects to nothing yet.
 * @param workRoot absolute; where files wait to be sent, and fetched ones to be read
 */
export function openS3Store(api: S3Api, workRoot: string, fs: FileSystem): ObjectStore {
  return new S3Store(api, workRoot, fs);
}

class S3Store implements ObjectStore {
  readonly place: string;
  readonly stagingRoot: string;
  readonly ranges: RangedReads;
  readonly tiers = null;
  readonly checksums: StoredChecksums;
  readonly lifecycle: StoreLifecycle;
  readonly #api: S3Api;
  readonly #workRoot: string;
  readonly #fs: FileSystem;

  constructor(api: S3Api, workRoot: string, fs: FileSystem) {
    this.place = api.place;
    this.stagingRoot = join(workRoot, 'staging');
    this.#workRoot = workRoot;
    this.#api = api;
    this.ranges = rangesOf(api, (key) => this.locate(key));
    this.checksums = checksumsOf(api, (key) => this.locate(key));
    this.lifecycle = { look: () => this.#harms() };
    this.#fs = fs;
  }

  async putIfAbsent(
    key: string,
    stagedPath: string,
    facts: ObjectFacts,
    signal?: AbortSignal,
  ): Promise<PutOutcome> {
    const doing = `publish ${this.locate(key)}`;
    if (signal?.aborted === true) throw interrupted(doing, signal.reason);
    await assertMarked(this);
    const file = { key, path: stagedPath, facts };
    const send = (during?: AbortSignal) => uploadFile(this.#api, this.#fs, file, during);
    const outcome = await changing(doing, () =>
      publishObject(this.#api, { key, facts, send }, signal),
    );
    // Uploads of it that were begun, and whose very beginning was not answered, cost room for ever.
    if (isInParts(facts)) await changing(doing, () => this.#abortUploads(key));
    await writing(`remove ${stagedPath}`, () => unlinkIfThere(this.#fs, stagedPath));
    return outcome;
  }

  async putSmallIfAbsent(key: string, bytes: Uint8Array): Promise<PutOutcome> {
    return changing(`publish ${this.locate(key)}`, async () => {
      const facts = await checksumOf(chunkOf(bytes));
      const send = () => this.#api.put(key, bytes, base64Of(bytes));
      const outcome = await publishObject(this.#api, { key, facts, send });
      // On a store that knows no conditions another may have won meanwhile.
      return outcome === 'created' ? publishObject(this.#api, { key, facts, send }) : outcome;
    });
  }

  async replaceSmall(key: string, bytes: Uint8Array): Promise<void> {
    // Two steps, for a put that may replace is one that nobody could tell from an accident.
    await this.remove(key);
    await this.putSmallIfAbsent(key, bytes);
  }

  async stat(key: string): Promise<{ readonly bytes: number } | null> {
    const found = await looking(`look at ${this.locate(key)}`, () =>
      patiently(this.#api, () => this.#api.head(key)),
    );
    // Of a bucket that is not there a HEAD says what it says of an object; whoever misses the lake itself is told.
    if (found === null && key === MARKER_KEY) await this.#listPage(key, null, undefined);
    return found;
  }

  async *read(key: string, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const place = this.locate(key);
    if (signal?.aborted === true) throw interrupted(`read ${place}`, signal.reason);
    if (range !== undefined && range.fromInclusive >= range.toExclusive) return;
    try {
      yield* readObject(this.#api, key, range ?? null, signal);
    } catch (error) {
      throw isS3Failure(error, 'missing')
        ? objectMissing(place, error)
        : s3LookFailure(`read ${place}`, error);
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncIterable<ListedObject> {
    if (prefix !== '') assertObjectKey(prefix.replace(/\/$/, ''));
    let after: string | null = null;
    for (;;) {
      if (signal?.aborted === true) throw interrupted(`list ${this.place}`, signal.reason);
      const page = await this.#listPage(prefix, after, signal);
      for (const object of page.objects) if (!isLeftOut(object.key, prefix)) yield object;
      const last = page.objects.at(-1);
      if (page.isLast || last === undefined) return;
      after = last.key;
    }
  }

  async #listPage(
    prefix: string,
    after: string | null,
    signal: AbortSignal | undefined,
  ): Promise<ListedPage> {
    return looking(`list ${this.place}`, () =>
      patiently(this.#api, () => this.#api.list(prefix, after, signal), signal),
    );
  }

  async remove(key: string): Promise<boolean> {
    return changing(`remove ${this.locate(key)}`, async () => {
      const aborted = await this.#abortUploads(key);
      const isThere = (await patiently(this.#api, () => this.#api.head(key))) !== null;
      if (isThere) await patiently(this.#api, () => this.#api.remove(key));
      return isThere || aborted > 0;
    });
  }

  async #abortUploads(key: string): Promise<number> {
    const begun = await patiently(this.#api, () => this.#api.listUploads(key));
    const uploads = begun.filter((upload) => upload.key === key);
    for (const upload of uploads) await patiently(this.#api, () => this.#api.abortUpload(upload));
    return uploads.length;
  }

  async #harms(): Promise<readonly string[] | null> {
    try {
      return harmsOf(await patiently(this.#api, () => this.#api.lifecycle()));
    } catch (error) {
      // A right that tierd can do without; and not every store has such rules.
      if (isS3Failure(error, 'refused') && error.code !== 'NoSuchBucket') return null;
      throw s3LookFailure(`ask for the lifecycle of ${this.place}`, error);
    }
  }

  locate(key: string): string {
    assertObjectKey(key);
    return `${this.place}/${key}`;
  }

  async readable(key: string, directory: string, signal?: AbortSignal): Promise<string> {
    const path = join(directory, basename(key));
    await writing(`copy ${this.locate(key)} to ${path}`, async () => {
      await unlinkIfThere(this.#fs, path);
      await this.#fs.copyIn(this.read(key, undefined, signal), path);
    });
    return path;
  }

  /** Of the disk where files wait to be sent: a bucket knows no limit. */
  async freeBytes(): Promise<number> {
    return freeBytesAt(this.#fs, this.#workRoot);
  }

  async lookWritable(): Promise<void> {
    // What this user may do shows only when it is done.
  }

  async checkWritable(): Promise<readonly string[]> {
    return changing(`write a probe below ${this.place}/${PROBE_DIRECTORY}`, () =>
      probeBucket(this.#api),
    );
  }
}
