/** Rows that were restored before the database was lost or set back: hot in none, they are cold again. */
import type pg from 'pg';
import type { KeptSlice } from '../../domain/lake/lake-manifest.ts';
import type { AdoptionProblem } from '../../domain/plan/adoption.ts';
import type { ListedObject } from '../../lake/object-store.ts';
import { type MeetingLook, meetSlice, withoutKey } from './meet-all.ts';

/**
 * Slices of the manifest as they count here: one that was restored is live, unless each of its rows is hot or its
 * files are gone.
 *
 * @returns as well what nothing tells
 */
export async function countRestored(
  look: MeetingLook,
  db: pg.Client,
  kept: readonly KeptSlice[],
  there: ReadonlyMap<string, ListedObject>,
): Promise<{
  readonly slices: readonly KeptSlice[];
  readonly problems: readonly AdoptionProblem[];
}> {
  const problems: AdoptionProblem[] = [];
  const slices: KeptSlice[] = [];
  for (const slice of kept) {
    const isThere = slice.segments.every(({ key }) => there.has(key));
    if (!slice.isRestored || !isThere) {
      slices.push(slice);
      continue;
    }
    const met = await meetSlice(look, db, slice, there);
    if (met === 'untold') problems.push(withoutKey(slice));
    const isHot = typeof met === 'object' && met.alsoHot === met.rows;
    slices.push(isHot || met === 'untold' ? slice : live(slice));
  }
  return { slices, problems };
}

const live = (slice: KeptSlice): KeptSlice => ({
  ...slice,
  segments: slice.segments.map((segment) => ({ ...segment, state: 'live' as const })),
});
