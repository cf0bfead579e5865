/**
 * Segments of which only what a query needs is fetched. In any doubt, and where that is nearly all of it, a segment is
 * fetched whole and judged by its hash, as if there were no parts: another version than the one whose footer was read,
 * a footer that is not the ledger's segment's, or not understood.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writing } from '../lake-failure.ts';
import type { RangedReads } from '../object-store.ts';
import type { ChooseRowGroups, OpenParts, OpenSegments, SegmentInParts } from '../segment-files.ts';
import { ChunkCache } from './chunk-cache.ts';
import { countedReads } from './counted-reads.ts';
import { type Limited, limitedTo } from './limited-to.ts';
import { makePart } from './make-part.ts';
import { isNearlyAll, planPart } from './part-plan.ts';
import { rowGroupsOf } from './row-groups.ts';
import { footerName, footerOf, type SegmentFooterSpans } from './segment-footers.ts';

export interface SegmentsInPartsOptions {
  readonly ranges: RangedReads;
  /** Of those that are read whole. */
  readonly openSegments: OpenSegments;
  /** Whether a segment is here already, and need not be fetched. */
  readonly isKept: (key: string) => Promise<boolean>;
  /** Absolute; the entries of the cache lie in it, beside whatever else. */
  readonly directory: string;
  /** A segment of fewer bytes comes whole. */
  readonly wholeBelowBytes: number;
  /** Called when it has grown. */
  readonly evict: () => void;
}

/** Requests of one query under way at once, and files that are made: a month of days begins with all of its footers. */
const AT_ONCE = 32;

/** Of chunks that come and go: as much as one chunk, where that is more. */
const IN_MEMORY_BYTES = 48 * 1024 * 1024;

export function segmentsInParts(options: SegmentsInPartsOptions): OpenParts {
  return async (segments, choose, directory, signal) => {
    await writing(`make ${directory}`, async () => {
      await mkdir(directory, { recursive: true });
      await mkdir(options.directory, { recursive: true });
    });
    return new Opening(options, directory, signal).open(segments, choose);
  };
}

class Opening {
  readonly #options: SegmentsInPartsOptions;
  readonly #directory: string;
  readonly #signal: AbortSignal | undefined;
  readonly #cache: ChunkCache;
  readonly #counted: ReturnType<typeof countedReads>;
  readonly #limited: Limited = limitedTo(AT_ONCE);
  readonly #inMemory: Limited = limitedTo(IN_MEMORY_BYTES);
  readonly #whole: SegmentInParts[] = [];
  #parts = 0;

  constructor(options: SegmentsInPartsOptions, directory: string, signal: AbortSignal | undefined) {
    this.#options = options;
    this.#directory = directory;
    this.#signal = signal;
    this.#cache = new ChunkCache(options.directory);
    this.#counted = countedReads(options.ranges, AT_ONCE);
  }

  async open(segments: readonly SegmentInParts[], choose: ChooseRowGroups): ReturnType<OpenParts> {
    const footers = await this.#readFooters(segments);
    const groups = new Map([...footers].map(([key, { spans }]) => [key, rowGroupsOf(spans)]));
    const chosen = await choose(groups);
    const paths = new Map<string, string>();
    await this.#each(segments, async (segment) => {
      const footer = footers.get(segment.key);
      if (footer === undefined) return;
      const path = await this.#openPart(segment, footer, chosen.get(segment.key));
      if (path === null) this.#whole.push(segment);
      else paths.set(segment.key, path);
    });
    const fetched = { ...this.#counted.fetched };
    for (const segment of this.#whole) {
      if (await this.#options.isKept(segment.key)) continue;
      fetched.requests += 1;
      fetched.bytes += Number(segment.bytes);
    }
    const { openSegments, evict } = this.#options;
    const locate = await openSegments(this.#whole, this.#directory, this.#signal);
    if (fetched.requests > 0) evict();
    return { locate: (key) => paths.get(key) ?? locate(key), fetched };
  }

  async #readFooters(
    segments: readonly SegmentInParts[],
  ): Promise<ReadonlyMap<string, SegmentFooterSpans>> {
    const footers = new Map<string, SegmentFooterSpans>();
    await this.#each(segments, async (segment) => {
      const { ranges } = this.#counted;
      const isWhole =
        !segment.isInParts ||
        Number(segment.bytes) < this.#options.wholeBelowBytes ||
        (await this.#options.isKept(segment.key));
      const footer = isWhole ? null : await footerOf(segment, ranges, this.#cache, this.#signal);
      if (footer === null) this.#whole.push(segment);
      else footers.set(segment.key, footer);
    });
    return footers;
  }

  /** @returns its path; null where it is to be read whole */
  async #openPart(
    segment: SegmentInParts,
    footer: SegmentFooterSpans,
    chosen: ReadonlySet<number> | undefined,
  ): Promise<string | null> {
    const every = new Set(footer.spans.groups.keys());
    const plan = planPart(footer.spans, segment.columns, chosen ?? every);
    if (plan === null || isNearlyAll(plan, segment.bytes)) return null;
    this.#parts += 1;
    const path = join(this.#directory, `part-${String(this.#parts)}.parquet`);
    const stores = {
      ranges: this.#counted.ranges,
      cache: this.#cache,
      limited: this.#inMemory,
    };
    const isMade = await writing(`make ${path}`, () =>
      makePart(stores, segment, footer, plan, path, this.#signal),
    );
    if (isMade) return path;
    // Of what was there before.
    this.#cache.drop(footerName(segment));
    return null;
  }

  async #each(
    segments: readonly SegmentInParts[],
    step: (segment: SegmentInParts) => Promise<void>,
  ): Promise<void> {
    await Promise.all(segments.map((segment) => this.#limited(() => step(segment))));
  }
}
