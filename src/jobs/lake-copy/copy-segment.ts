/** One segment from the lake into its copy, or its far place: compared on the way out, and as read back from there. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type ErrorCode, TierdError } from '../../domain/errors.ts';
import { checksumOf } from '../../lake/checksum.ts';
import { unlinkIfThere } from '../../lake/file-system.ts';
import { writing } from '../../lake/lake-failure.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import type { DueSegment } from './compare-copy.ts';
import type { CopyTarget } from './rooms.ts';

export type SegmentToCopy = Omit<DueSegment, 'isLive'>;

export type CopiedSegment =
  | { readonly kind: 'copied' | 'there already' }
  /** The lake itself does not give the bytes that were published. */
  | { readonly kind: 'bad'; readonly reason: string };

/**
 * @param directory in the target's staging area
 * @param mayPut asked right before anything is put; throws where it may not be
 * @throws TierdError OBJECT_CONFLICT where another object lies there; VERIFY_MISMATCH; LAKE_FULL, LAKE_UNWRITABLE, LAKE_UNREACHABLE, INTERRUPTED
 */
export async function copySegment(
  lake: ObjectStore,
  { store, fileSystem }: CopyTarget,
  segment: SegmentToCopy,
  directory: string,
  mayPut: () => Promise<void>,
  signal: AbortSignal,
): Promise<CopiedSegment> {
  const { key, bytes, sha256, foundBytes } = segment;
  if (foundBytes !== null) {
    await assertSame(store, segment, 'OBJECT_CONFLICT', signal);
    return { kind: 'there already' };
  }
  // A key may be longer than a file's name.
  const path = join(directory, createHash('sha256').update(key).digest('hex'));
  try {
    const reason = await stage(lake, { store, fileSystem }, segment, path, signal);
    if (reason !== null) return { kind: 'bad', reason };
    await mayPut();
    await store.putIfAbsent(key, path, { bytes, sha256 }, signal);
  } finally {
    await unlinkIfThere(fileSystem, path);
  }
  await assertSame(store, segment, 'VERIFY_MISMATCH', signal);
  return { kind: 'copied' };
}

/** @returns why the lake's own file can't be copied; null: it is staged */
async function stage(
  lake: ObjectStore,
  { store, fileSystem }: Pick<CopyTarget, 'store' | 'fileSystem'>,
  { key, bytes, sha256 }: SegmentToCopy,
  path: string,
  signal: AbortSignal,
): Promise<string | null> {
  const hash = createHash('sha256');
  let read = 0;
  async function* passing(): AsyncIterable<Uint8Array> {
    for await (const chunk of lake.read(key, undefined, signal)) {
      hash.update(chunk);
      read += chunk.byteLength;
      yield chunk;
    }
  }
  try {
    await writing(`copy ${lake.locate(key)} for ${store.place}`, () =>
      fileSystem.copyIn(passing(), path),
    );
  } catch (error) {
    // One that can't be read keeps none of the others from being copied.
    if (error instanceof TierdError && OF_ONE_FILE.has(error.code)) return error.message;
    throw error;
  }
  if (read === bytes && hash.digest('hex') === sha256) return null;
  return `${lake.locate(key)} is not what was published: ${String(bytes)} bytes with SHA-256 ${sha256} were, and ${String(read)} others lie there`;
}

const OF_ONE_FILE: ReadonlySet<ErrorCode> = new Set(['OBJECT_MISSING', 'LAKE_UNREADABLE']);

async function assertSame(
  store: ObjectStore,
  { key, bytes, sha256 }: SegmentToCopy,
  code: 'OBJECT_CONFLICT' | 'VERIFY_MISMATCH',
  signal: AbortSignal,
): Promise<void> {
  const found = await checksumOf(store.read(key, undefined, signal));
  if (found.bytes === bytes && found.sha256 === sha256) return;
  throw new TierdError({
    code,
    message: `${store.locate(key)} is not the segment that was published as ${key}: that has ${String(bytes)} bytes and SHA-256 ${sha256}, this ${String(found.bytes)} and ${found.sha256}. It was left as it is, and the lake is as it was.`,
    hint: 'find out who wrote it, and whether that disk or store is healthy; move it away, then run the same command again',
    context: { key, place: store.place, expected: { bytes, sha256 }, found },
  });
}
