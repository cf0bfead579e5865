/** The file of a segment's chosen chunks: what is kept of them here, and from the store the rest. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { RangedReads } from '../object-store.ts';
import type { SegmentInParts } from '../segment-files.ts';
import type { ChunkCache } from './chunk-cache.ts';
import { compactFooter } from './compact-footer.ts';
import type { Limited } from './limited-to.ts';
import { mergeNear, type Run } from './merge-near.ts';
import { MAGIC, type PartPlan, type PlacedChunk } from './part-plan.ts';
import type { SegmentFooterSpans } from './segment-footers.ts';

export interface PartStores {
  readonly ranges: RangedReads;
  readonly cache: ChunkCache;
  /** By the bytes that are in memory. */
  readonly limited: Limited;
}

/**
 * @param path where nothing lies
 * @returns whether it was made: not where the store has another version of the segment now; then nothing is there
 */
export async function makePart(
  { ranges, cache, limited }: PartStores,
  segment: SegmentInParts,
  { version, spans }: SegmentFooterSpans,
  plan: PartPlan,
  path: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const nameOf = chunkNames(segment, version);
  const file = openSync(path, 'wx');
  let isWhole = false;
  try {
    const missing: PlacedChunk[] = [];
    // What is kept is copied here and now: between two segments others are heard, and who gave up.
    await setImmediate();
    signal?.throwIfAborted();
    for (const chunk of plan.chunks) {
      const kept = cache.get(nameOf(chunk));
      if (kept?.length === chunk.end - chunk.start) writeAt(file, kept, chunk.place);
      else missing.push(chunk);
    }
    const fetchRun = async ({ range, chunks }: Run<PlacedChunk>): Promise<boolean> => {
      const found = await ranges.read(segment.key, range, version, signal);
      if (found === null) return false;
      for (const chunk of chunks) {
        const from = chunk.start - range.fromInclusive;
        const bytes = found.bytes.subarray(from, from + chunk.end - chunk.start);
        writeAt(file, bytes, chunk.place);
        cache.put(nameOf(chunk), bytes);
      }
      return true;
    };
    const fetchWithin = (run: Run<PlacedChunk>): Promise<boolean> =>
      limited(() => fetchRun(run), run.range.toExclusive - run.range.fromInclusive);
    // All of them, whatever becomes of one: none writes into a file that was closed.
    const ended = await Promise.allSettled(mergeNear(missing).map(fetchWithin));
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
    if (ended.some((end) => end.status === 'fulfilled' && !end.value)) return false;
    writeAt(file, Buffer.from(MAGIC), 0);
    const place = placesIn(plan);
    writeAt(file, compactFooter(spans, { groups: plan.groups, place }), plan.end);
    isWhole = true;
    return true;
  } finally {
    closeSync(file);
    if (!isWhole) unlinkSync(path);
  }
}

/** By which chunks are kept: of another version they are of other names. */
export function chunkNames(
  { sha256 }: SegmentInParts,
  version: string,
): (chunk: PlacedChunk) => string {
  const id = createHash('sha256').update(version).digest('hex').slice(0, 16);
  return ({ group, leaf }) => `${sha256}.${id}.${String(group)}.${String(leaf)}`;
}

function placesIn({ chunks }: PartPlan): (group: number, leaf: number) => number | null {
  const places = new Map(chunks.map(({ group, leaf, place }) => [`${group}.${leaf}`, place]));
  return (group, leaf) => places.get(`${group}.${leaf}`) ?? null;
}

/** All of it: a write may take only a part. */
function writeAt(file: number, bytes: Uint8Array, place: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(file, bytes, written, bytes.length - written, place + written);
  }
}
