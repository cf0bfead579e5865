/**
 * What opening segments in parts would ask of the store, with nothing asked of it: to the byte where their footers are
 * kept here; else by how many of their columns are needed, as if every row group were.
 */
import type {
  ChooseRowGroups,
  EstimateParts,
  FetchEstimate,
  SegmentInParts,
} from '../segment-files.ts';
import { ChunkCache } from './chunk-cache.ts';
import { chunkNames } from './make-part.ts';
import { mergeNear } from './merge-near.ts';
import { isNearlyAll, planPart } from './part-plan.ts';
import { rowGroupsOf } from './row-groups.ts';
import { footerBytesOf, keptFooterOf, type SegmentFooterSpans } from './segment-footers.ts';
import type { SegmentsInPartsOptions } from './segments-in-parts.ts';

export function estimatesInParts(
  options: Pick<SegmentsInPartsOptions, 'isKept' | 'directory' | 'wholeBelowBytes'>,
): EstimateParts {
  return async (segments, choose) => {
    const cache = new ChunkCache(options.directory);
    const waiting: SegmentInParts[] = [];
    const footers = new Map<string, SegmentFooterSpans>();
    for (const segment of segments) {
      if (await options.isKept(segment.key)) continue;
      waiting.push(segment);
      const footer = isWhole(segment, options) ? null : keptFooterOf(segment, cache);
      if (footer !== null) footers.set(segment.key, footer);
    }
    const chosen = await chosenOf(footers, choose);
    const estimates: FetchEstimate[] = [];
    for (const segment of waiting) {
      const footer = footers.get(segment.key);
      if (isWhole(segment, options)) estimates.push(wholeOf(segment));
      else if (footer === undefined) estimates.push(guessOf(segment));
      else estimates.push(partOf(segment, footer, chosen.get(segment.key), cache));
    }
    return estimates.reduce(add, { requests: 0, bytes: 0, isExact: true });
  };
}

async function chosenOf(
  footers: ReadonlyMap<string, SegmentFooterSpans>,
  choose: ChooseRowGroups,
): ReturnType<ChooseRowGroups> {
  return choose(new Map([...footers].map(([key, { spans }]) => [key, rowGroupsOf(spans)])));
}

function isWhole(
  { isInParts, bytes }: SegmentInParts,
  { wholeBelowBytes }: Pick<SegmentsInPartsOptions, 'wholeBelowBytes'>,
): boolean {
  return !isInParts || Number(bytes) < wholeBelowBytes;
}

const wholeOf = ({ bytes }: SegmentInParts): FetchEstimate => ({
  requests: 1,
  bytes: Number(bytes),
  isExact: true,
});

/** The footer, and one more request: chunks of a sorted segment that are needed lie near to each other. */
function guessOf(segment: SegmentInParts): FetchEstimate {
  const footer = footerBytesOf(segment);
  const chunks = Math.max(0, Number(segment.bytes) - footer);
  const share = segment.columns.length / segment.width;
  return { requests: 2, bytes: Math.round(footer + share * chunks), isExact: false };
}

function partOf(
  segment: SegmentInParts,
  { version, spans }: SegmentFooterSpans,
  chosen: ReadonlySet<number> | undefined,
  cache: ChunkCache,
): FetchEstimate {
  const plan = planPart(spans, segment.columns, chosen ?? new Set(spans.groups.keys()));
  if (plan === null || isNearlyAll(plan, segment.bytes)) return wholeOf(segment);
  const nameOf = chunkNames(segment, version);
  const missing = plan.chunks.filter((chunk) => !cache.has(nameOf(chunk)));
  const runs = mergeNear(missing);
  const bytes = runs.reduce((sum, { range }) => sum + range.toExclusive - range.fromInclusive, 0);
  return { requests: runs.length, bytes, isExact: true };
}

function add(one: FetchEstimate, other: FetchEstimate): FetchEstimate {
  return {
    requests: one.requests + other.requests,
    bytes: one.bytes + other.bytes,
    isExact: one.isExact && other.isExact,
  };
}
