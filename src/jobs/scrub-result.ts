/** What a scrub found, and what it comes to: one word for the exit code, the report and the record of the run. */
import { agree, countOf } from '../domain/count.ts';
import type { ScrubReport } from '../lake/scrub.ts';
import type { StrangeObject } from '../lake/strange-metadata.ts';

export interface UnprovenSlice {
  readonly keys: readonly string[];
  readonly reason: string;
}

export interface ScrubResult {
  readonly bytes: ScrubReport;
  /** Beside the metadata of Iceberg tables: what other engines left. */
  readonly strange: readonly StrangeObject[];
  readonly provenSlices: number;
  readonly provenRows: number;
  /** Their bytes are those that were published, and their values are not those that were sent. */
  readonly unproven: readonly UnprovenSlice[];
  /** Their bytes are right; their values could not be read for want of something of ours. */
  readonly unjudged: readonly UnprovenSlice[];
  /** Why what is missing may lie in another copy of the lake; null where nothing says so. */
  readonly incomplete: string | null;
}

export type ScrubVerdict = 'sound' | 'damaged' | 'not judged' | 'unknown files';

/** The worst of what was found. */
export function scrubVerdict({ bytes, strange, unproven, unjudged }: ScrubResult): ScrubVerdict {
  if (bytes.missing.length + bytes.altered.length + unproven.length > 0) return 'damaged';
  if (bytes.unreadable.length + unjudged.length > 0) return 'not judged';
  return bytes.unknown.length + strange.length > 0 ? 'unknown files' : 'sound';
}

/** Null when all is well. */
export function describeVerdict(result: ScrubResult): string | null {
  const { bytes, unproven, unjudged } = result;
  switch (scrubVerdict(result)) {
    case 'damaged': {
      const bad = bytes.missing.length + bytes.altered.length + unproven.length;
      return `${countOf(bad, 'segment')} ${agree(bad, 'is', 'are')} not what was published`;
    }
    case 'not judged':
      return `${countOf(bytes.unreadable.length + unjudged.length, 'segment')} could not be read`;
    case 'unknown files': {
      const length = bytes.unknown.length + result.strange.length;
      return `${countOf(length, 'file')} ${agree(length, 'is', 'are')} not known to this ledger; nothing is damaged`;
    }
    case 'sound':
      return null;
  }
}
