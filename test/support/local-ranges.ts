/** Ranged reads of a lake on this machine, as a bucket would answer them, and segments that are opened by them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RangedReads } from '../../src/lake/object-store.ts';
import { estimatesInParts } from '../../src/lake/parts/estimate-parts.ts';
import { segmentsInParts } from '../../src/lake/parts/segments-in-parts.ts';
import { type EstimateParts, inPlace, type OpenParts } from '../../src/lake/segment-files.ts';
import { sha256OfFile, type TestLake } from './test-lake.ts';

export interface LocalRanges {
  readonly openParts: OpenParts;
  /** Of the same. */
  readonly estimateParts: EstimateParts;
  readonly cacheDirectory: string;
  /** What was asked of the store, in order. */
  readonly requests: { readonly key: string; readonly bytes: number }[];
  /** Keys of what was opened whole, in order. */
  readonly whole: string[];
  destroy(): Promise<void>;
}

export async function openLocalRanges(lake: TestLake): Promise<LocalRanges> {
  const kept = { isKept: () => Promise.resolve(false), wholeBelowBytes: 0 };
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'tierd-chunks-'));
  const requests: { key: string; bytes: number }[] = [];
  const whole: string[] = [];
  const ranges: RangedReads = {
    async read(key, { fromInclusive, toExclusive }, wanted) {
      const path = lake.store.locate(key);
      const version = await sha256OfFile(path);
      requests.push({ key, bytes: toExclusive - fromInclusive });
      if (wanted !== null && wanted !== version) return null;
      const all = await readFile(path);
      const bytes = new Uint8Array(all.subarray(fromInclusive, toExclusive));
      return { bytes, version, objectBytes: all.length };
    },
  };
  return {
    cacheDirectory,
    requests,
    whole,
    openParts: segmentsInParts({
      ranges,
      openSegments(segments, ...rest) {
        whole.push(...segments.map(({ key }) => key));
        return inPlace(lake.store)(segments, ...rest);
      },
      ...kept,
      directory: cacheDirectory,
      evict: () => undefined,
    }),
    estimateParts: estimatesInParts({ ...kept, directory: cacheDirectory }),
    destroy: () => rm(cacheDirectory, { recursive: true, force: true }),
  };
}
