/**
 * The segments of a query, opened: those that are what the ledger says, and those that are not. Which of these
 * two ends the query or is left out of its answer is for who asks.
 */
import { lstat } from 'node:fs/promises';
import { TierdError } from '../../domain/errors.ts';
import { checksumOf } from '../../lake/checksum.ts';
import { isNodeError, nodeFileSystem } from '../../lake/file-system.ts';
import type { OpenSegments } from '../../lake/segment-files.ts';
import type { SegmentRef } from './cold-catalog.ts';
import type { SegmentDamage } from './segment-damage.ts';

export interface OpenedSegments {
  /** The path of a segment that is not among the damaged. */
  readonly locate: (key: string) => string;
  readonly damaged: readonly SegmentDamage[];
}

interface ToOpen {
  readonly openSegments: OpenSegments;
  readonly segments: readonly SegmentRef[];
  /** The query's own. */
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
}

/** Looks under way at once. */
const LOOKED_AT_ONCE = 64;

/**
 * By their lengths: a file of others in a segment's place has rows that nobody would miss. What is wrong inside of
 * one is told by the engine that reads it.
 *
 * @throws TierdError as `OpenSegments`
 */
export async function openByLength(asked: ToOpen): Promise<OpenedSegments> {
  const { openSegments, segments, directory, signal } = asked;
  const locate = await openSegments(segments, directory, signal);
  const damaged: SegmentDamage[] = [];
  await forEachOf(segments, LOOKED_AT_ONCE, async ({ key, bytes }) => {
    const found = await lengthOf(locate(key));
    const what = wrongLength(found, bytes);
    if (what !== null) damaged.push({ key, what });
  });
  return { locate, damaged: inOrderOf(segments, damaged) };
}

/** Read whole at once. */
const READ_AT_ONCE = 8;

/**
 * By all their bytes, each on its own. A lake that is away is no damaged segment.
 *
 * @throws TierdError LAKE_UNREACHABLE, INTERRUPTED
 */
export async function openByContent(asked: ToOpen): Promise<OpenedSegments> {
  const { segments } = asked;
  const paths = new Map<string, string>();
  const damaged: SegmentDamage[] = [];
  await forEachOf(segments, READ_AT_ONCE, async (segment) => {
    const found = await openOne(asked, segment);
    if (typeof found === 'string') paths.set(segment.key, found);
    else damaged.push(found);
  });
  return {
    locate: (key) => paths.get(key) ?? notOpened(key),
    damaged: inOrderOf(segments, damaged),
  };
}

function notOpened(key: string): never {
  throw new Error(`${key} was left out, and is read all the same`);
}

/** The ones whose bytes are not those that were published. */
export async function findAltered(asked: ToOpen): Promise<readonly SegmentDamage[]> {
  return (await openByContent(asked)).damaged;
}

/** @returns its path, or what is wrong with it */
async function openOne(
  { openSegments, directory, signal }: ToOpen,
  segment: SegmentRef,
): Promise<string | SegmentDamage> {
  const { key, bytes, sha256 } = segment;
  try {
    const path = (await openSegments([segment], directory, signal))(key);
    const what = wrongLength(await lengthOf(path), bytes);
    if (what !== null) return { key, what };
    const found = await checksumOf(nodeFileSystem.read(path, null, signal));
    return found.sha256 === sha256
      ? path
      : { key, what: `altered: its SHA-256 is ${found.sha256}` };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const what = whatIsWrong(error);
    if (what === null) throw error;
    return { key, what };
  }
}

/** What a step over one segment says of that segment alone; null for all else. */
function whatIsWrong(error: unknown): string | null {
  if (error instanceof TierdError) {
    if (error.code === 'OBJECT_MISSING') return 'missing';
    return error.code === 'SEGMENT_UNREADABLE' ? 'altered' : null;
  }
  if (isNodeError(error, 'ENOENT', 'ENOTDIR')) return 'missing';
  return isNodeError(error, 'EACCES', 'EPERM', 'EIO', 'EISDIR', 'EINVAL')
    ? `unreadable: ${String(error)}`
    : null;
}

/** Null where there is nothing. A link, which no segment is, has another length than a segment. */
async function lengthOf(path: string): Promise<number | null> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (isNodeError(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

function wrongLength(found: number | null, expected: bigint): string | null {
  if (found === null) return 'missing';
  return BigInt(found) === expected
    ? null
    : `${String(found)} bytes long instead of ${String(expected)}`;
}

async function forEachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  step: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const work = async (): Promise<void> => {
    for (const item of waiting) await step(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
}

function inOrderOf(
  segments: readonly SegmentRef[],
  damaged: readonly SegmentDamage[],
): readonly SegmentDamage[] {
  const found = new Map(damaged.map((one) => [one.key, one]));
  return segments.flatMap(({ key }) => found.get(key) ?? []);
}
