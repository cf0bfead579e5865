/**
 * Segments of a bucket, kept on this machine once they were read: by name, which carries the hash of
 * their content, so that one is never out of date. Bounded in bytes; the one that was not asked for
 * the longest goes first. Several processes share it: a copy gets its name when it is whole and
 * checked, and a reader has a second name of its own for it, which nobody else takes away. It is checked
 * again by each reader: after a power cut it may be another, and no scrub ever looks at it.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, copyFile, link, mkdir, rename, unlink, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TierdError } from '../../domain/errors.ts';
import { type Checksum, checksumOf } from '../checksum.ts';
import { type FileSystem, isNodeError } from '../file-system.ts';
import { writing } from '../lake-failure.ts';
import { parseSegmentKey } from '../layout.ts';
import type { ObjectStore } from '../object-store.ts';
import type { OpenSegments, SegmentToOpen } from '../segment-files.ts';
import { evict } from './cache-bound.ts';

export interface SegmentCacheOptions {
  readonly store: Pick<ObjectStore, 'readable' | 'locate'>;
  readonly fs: FileSystem;
  /** Absolute, on the file system of the readers' directories where these are to share its files. */
  readonly directory: string;
  readonly maxBytes: number;
}

/** Requests of one query under way at once. */
const FETCHED_AT_ONCE = 8;

export function cachedSegments(options: SegmentCacheOptions): OpenSegments {
  return async (segments, directory, signal) => {
    await writing(`make ${directory}`, async () => {
      await mkdir(directory, { recursive: true });
      await mkdir(options.directory, { recursive: true });
    });
    const paths = new Map<string, string>();
    const waiting = segments.values();
    const work = async (): Promise<void> => {
      for (const segment of waiting) {
        paths.set(segment.key, await open(options, segment, directory, signal));
      }
    };
    await Promise.all(Array.from({ length: FETCHED_AT_ONCE }, work));
    if (segments.length > 0) evict(options.directory, options.maxBytes);
    return (key) => paths.get(key) ?? options.store.locate(key);
  };
}

/** Whether a segment need not be fetched. */
export async function isKept(
  { directory }: Pick<SegmentCacheOptions, 'directory'>,
  key: string,
): Promise<boolean> {
  // What can't be looked at is fetched, and that tells.
  return access(join(directory, basename(key))).then(
    () => true,
    () => false,
  );
}

/** @returns the reader's own name of it */
async function open(
  options: SegmentCacheOptions,
  segment: SegmentToOpen,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const name = basename(segment.key);
  const cached = join(options.directory, name);
  const own = join(directory, name);
  if (await share(cached, own)) {
    if (isContent(segment, await contentOf(options, own))) {
      const now = new Date();
      // Evicted meanwhile: then only its age is not worth noting any more.
      await utimes(cached, now, now).catch(() => undefined);
      return own;
    }
    // Another process was sooner. What it may have put there since is only fetched once more.
    await unlink(cached).catch(() => undefined);
  }
  const fetched = await options.store.readable(segment.key, directory, signal);
  await assertContent(options, segment, fetched);
  await keep(fetched, cached);
  return fetched;
}

/** @returns false where there is nothing to share */
async function share(cached: string, own: string): Promise<boolean> {
  try {
    await nameAlso(cached, own);
    return true;
  } catch (error) {
    // The reader has it open already: whoever judges segments after a failure opens them once more.
    if (isNodeError(error, 'EEXIST')) return true;
    if (isNodeError(error, 'ENOENT')) return false;
    throw error;
  }
}

/** A copy that can't be kept is only not there for the next query. */
async function keep(fetched: string, cached: string): Promise<void> {
  const whole = `${cached}.${randomUUID()}`;
  try {
    await nameAlso(fetched, whole);
    await rename(whole, cached);
  } catch (error) {
    if (!isNodeError(error, 'ENOSPC', 'EDQUOT')) throw error;
    await unlink(whole).catch(() => undefined);
  }
}

/** A second name for a file, or a second file where that can't be had. */
async function nameAlso(existing: string, added: string): Promise<void> {
  try {
    await link(existing, added);
  } catch (error) {
    if (!isNodeError(error, 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP')) throw error;
    await copyFile(existing, added, constants.COPYFILE_FICLONE);
  }
}

/** What came over the network is only believed when it is what its name says. */
async function assertContent(
  { store, fs }: SegmentCacheOptions,
  segment: SegmentToOpen,
  path: string,
): Promise<void> {
  const found = await checksumOf(fs.read(path, null));
  if (isContent(segment, found)) return;
  await unlink(path);
  const { key, bytes } = segment;
  throw new TierdError({
    code: 'SEGMENT_UNREADABLE',
    message: `${store.locate(key)} is not the segment that the ledger knows: ${String(found.bytes)} bytes with SHA-256 ${found.sha256}, expected ${String(bytes)} bytes. Nothing was changed.`,
    hint: 'Run `tierd scrub`: it tells every segment that is missing or altered. Restore these from a backup of the lake; tierd changes none of them.',
    context: { key, foundBytes: found.bytes, expectedBytes: Number(bytes) },
  });
}

/** Null where the disk does not give it. */
async function contentOf(
  { fs }: Pick<SegmentCacheOptions, 'fs'>,
  path: string,
): Promise<Checksum | null> {
  try {
    return await checksumOf(fs.read(path, null));
  } catch (error) {
    if (isNodeError(error, 'EIO')) return null;
    throw error;
  }
}

function isContent({ key, bytes }: SegmentToOpen, found: Checksum | null): boolean {
  if (found === null || BigInt(found.bytes) !== bytes) return false;
  const contentId = parseSegmentKey(key)?.contentId;
  return contentId === undefined || found.sha256.startsWith(contentId);
}
