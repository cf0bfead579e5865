/** Requests for chunks: what lies near is fetched with what it lies near to. */
import type { ByteRange } from '../file-system.ts';

export interface Run<Chunk> {
  readonly range: ByteRange;
  readonly chunks: readonly Chunk[];
}

interface Bounded {
  readonly start: number;
  readonly end: number;
}

/** A request takes as long as so many bytes, or longer. */
const NEAR_BYTES = 64 * 1024;
/** So much is asked for at once, or as much as one chunk. */
const RUN_BYTES = 4 * 1024 * 1024;

/** @param chunks without overlap, in any order */
export function mergeNear<Chunk extends Bounded>(
  chunks: readonly Chunk[],
  nearBytes = NEAR_BYTES,
  runBytes = RUN_BYTES,
): readonly Run<Chunk>[] {
  const runs: { range: ByteRange; chunks: Chunk[] }[] = [];
  for (const chunk of [...chunks].sort((a, b) => a.start - b.start)) {
    const last = runs.at(-1);
    const isNear =
      last !== undefined &&
      chunk.start - last.range.toExclusive < nearBytes &&
      chunk.end - last.range.fromInclusive <= runBytes;
    if (isNear) {
      last.chunks.push(chunk);
      last.range = { ...last.range, toExclusive: chunk.end };
    } else {
      runs.push({
        range: { fromInclusive: chunk.start, toExclusive: chunk.end },
        chunks: [chunk],
      });
    }
  }
  return runs;
}
