import { TierdError } from '../domain/errors.ts';
import type { ProvenSegments } from '../domain/plan/proof.ts';
import type { StagedSlice } from './rotation/staged-move.ts';

/**
 * The types say that slices were proven, for only verification makes such values; this says that it was these.
 *
 * @throws TierdError INTERNAL
 */
export function assertAllProven(
  slices: readonly Pick<StagedSlice, 'fingerprint'>[],
  proven: readonly ProvenSegments[],
): void {
  const isSame = slices.every(({ fingerprint }, at) => proven[at]?.rows === fingerprint.rows);
  if (isSame && proven.length === slices.length) return;
  throw new TierdError({
    code: 'INTERNAL',
    message: `${String(proven.length)} slices were proven, and ${String(slices.length)} are to be published; nothing was changed`,
  });
}
