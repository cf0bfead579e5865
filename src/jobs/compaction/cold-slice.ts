import type { ColdSlice } from '../../domain/plan/compaction.ts';
import { parseSegmentKey } from '../../lake/layout.ts';
import type { ColdSliceSum } from '../../ledger/cold-slices.ts';

/** None for a slice that lies where tierd puts nothing. */
export function coldSliceOf({ exampleKey, ...slice }: ColdSliceSum): readonly ColdSlice[] {
  const place = parseSegmentKey(exampleKey);
  return place === null ? [] : [{ ...slice, unit: place.unit }];
}
