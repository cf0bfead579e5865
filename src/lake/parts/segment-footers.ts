/** Footers of segments in a store, each with the version of the object that it is the end of. */
import type { RangedReads } from '../object-store.ts';
import type { SegmentInParts } from '../segment-files.ts';
import type { ChunkCache } from './chunk-cache.ts';
import { type FooterSpans, readFooterSpans } from './footer-spans.ts';

export interface SegmentFooterSpans {
  readonly version: string;
  readonly spans: FooterSpans;
}

/** Its length and the magic. */
const END_BYTES = 8;

/**
 * @returns null where the segment is none that can be read in parts, or not what the ledger says: read whole, it is
 *   judged by its hash
 */
export async function footerOf(
  segment: SegmentInParts,
  ranges: RangedReads,
  cache: ChunkCache,
  signal: AbortSignal | undefined,
): Promise<SegmentFooterSpans | null> {
  const known = keptFooterOf(segment, cache);
  if (known !== null) return known;
  const fetched = await fetchFooter(segment, ranges, signal);
  const footer = fetched === null ? null : parsed(segment, fetched);
  if (fetched !== null && footer !== null) cache.put(footerName(segment), pack(fetched));
  return footer;
}

/** Null where none is kept here. */
export function keptFooterOf(
  segment: SegmentInParts,
  cache: ChunkCache,
): SegmentFooterSpans | null {
  const kept = cache.get(footerName(segment));
  return kept === null ? null : parsed(segment, unpack(kept));
}

export const footerName = ({ sha256 }: SegmentInParts): string => `${sha256}.footer`;

interface VersionedBytes {
  readonly version: string;
  /** Of the footer alone. */
  readonly footer: Uint8Array;
}

/** In one request where its length is known or was guessed well, else in two. */
async function fetchFooter(
  segment: SegmentInParts,
  ranges: RangedReads,
  signal: AbortSignal | undefined,
): Promise<VersionedBytes | null> {
  const { key } = segment;
  const bytes = Number(segment.bytes);
  const from = Math.max(0, bytes - footerBytesOf(segment));
  const tail = await ranges.read(key, { fromInclusive: from, toExclusive: bytes }, null, signal);
  if (tail?.objectBytes !== bytes) return null;
  const end = Buffer.from(tail.bytes.buffer, tail.bytes.byteOffset, tail.bytes.byteLength);
  if (end.length < END_BYTES || end.toString('latin1', end.length - 4) !== 'PAR1') return null;
  const start = bytes - END_BYTES - end.readUInt32LE(end.length - END_BYTES);
  if (start < 4) return null;
  const footer = end.subarray(Math.max(0, start - from), end.length - END_BYTES);
  const { version } = tail;
  if (start >= from) return { version, footer };
  const before = { fromInclusive: start, toExclusive: from };
  const rest = await ranges.read(key, before, version, signal);
  return rest === null ? null : { version, footer: Buffer.concat([rest.bytes, footer]) };
}

const ROWS_A_GROUP = 61_440;
/** As the footers of segments were found to be, with a little more. */
const CHUNK_BYTES = 110;
const COLUMN_BYTES = 400;
const LEAST_BYTES = 4096;

/** As the ledger has it where that can be, or a guess that is rarely too small. */
export function footerBytesOf({ rows, width, bytes, footerBytes }: SegmentInParts): number {
  if (footerBytes !== null && footerBytes > END_BYTES && footerBytes < bytes) return footerBytes;
  const groups = Math.ceil(Number(rows) / ROWS_A_GROUP);
  return END_BYTES + LEAST_BYTES + width * (COLUMN_BYTES + groups * CHUNK_BYTES);
}

function parsed(segment: SegmentInParts, found: VersionedBytes | null): SegmentFooterSpans | null {
  if (found === null) return null;
  const { version, footer } = found;
  try {
    const spans = readFooterSpans(footer, Number(segment.bytes) - END_BYTES - footer.length);
    return BigInt(spans.rows) === segment.rows ? { version, spans } : null;
  } catch {
    // What a whole segment is judged by is its hash, and not how this reader likes it.
    return null;
  }
}

/** The version, a line feed, the footer. */
function pack({ version, footer }: VersionedBytes): Uint8Array {
  return Buffer.concat([Buffer.from(`${encodeURIComponent(version)}\n`), footer]);
}

function unpack(entry: Buffer): VersionedBytes | null {
  const end = entry.indexOf('\n');
  if (end < 0) return null;
  const version = decodeURIComponent(entry.toString('latin1', 0, end));
  return { version, footer: entry.subarray(end + 1) };
}
