import type pg from 'pg';
import { hasIdentity, type RowIdentity, whyNoIdentity } from '../../domain/plan/row-identity.ts';
import { hullOf, rangesOverlap, type TimeRange } from '../../domain/time/time-range.ts';
import { listColdRanges, listLiveSchemas } from '../../ledger/live-segments.ts';

/**
 * Why nobody can say that the lake has no row of a key in that time: slices of it were written when the key's columns
 * were others. Null where all of them can be compared.
 */
export async function whyIncomparable(
  db: pg.Client,
  dataset: string,
  identity: RowIdentity,
  ranges: readonly TimeRange[],
): Promise<string | null> {
  if (ranges.length === 0) return null;
  const within = hullOf(ranges);
  for (const schema of await listLiveSchemas(db)) {
    if (schema.dataset !== dataset || hasIdentity(schema.columns, identity)) continue;
    const cold = await listColdRanges(db, dataset, { schemas: [schema.id], within });
    if (!cold.some((one) => ranges.some((range) => rangesOverlap(one, range)))) continue;
    return `of the key ${identity.index}, ${whyNoIdentity(schema.columns, identity)}`;
  }
  return null;
}
