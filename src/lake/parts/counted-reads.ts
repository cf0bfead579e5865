import type { RangedReads } from '../object-store.ts';
import { limitedTo } from './limited-to.ts';

export interface CountedReads {
  readonly ranges: RangedReads;
  readonly fetched: { requests: number; bytes: number };
}

/** The reads of one query: counted, and so many of them under way at once. */
export function countedReads(ranges: RangedReads, atOnce: number): CountedReads {
  const fetched = { requests: 0, bytes: 0 };
  const limited = limitedTo(atOnce);
  return {
    fetched,
    ranges: {
      read: (key, range, version, signal) =>
        limited(async () => {
          fetched.requests += 1;
          const found = await ranges.read(key, range, version, signal);
          fetched.bytes += found?.bytes.byteLength ?? 0;
          return found;
        }),
    },
  };
}
