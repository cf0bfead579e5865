import { isDeepStrictEqual } from 'node:util';
import type { ManifestHead, PartSummary } from '../../domain/lake/lake-manifest.ts';

/** Whether a manifest has the very segments, in the same states, that the ledger has. */
export function isOfMonths({ parts }: ManifestHead, months: readonly PartSummary[]): boolean {
  return isDeepStrictEqual(
    parts.map(({ month, digest, segments }) => ({ month, digest, segments })),
    months,
  );
}
