/** What a place is to a lake that is to be copied there. Changes nothing. */

import { TierdError } from '../../domain/errors.ts';
import type { RememberedLake } from '../../domain/lake/lake-owner.ts';
import { type CopyNote, readCopyNote } from '../../lake/copy-note.ts';
import { readLakeMarker } from '../../lake/marker.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import { readLakeOwner } from '../../lake/owner.ts';

export type TargetLook =
  /** Nothing is there: it may be claimed. */
  | { readonly kind: 'empty' }
  /** A copy of this lake, in the making. */
  | { readonly kind: 'begun'; readonly lakeId: string }
  /** It is the ledger's lake. */
  | { readonly kind: 'the lake' };

/** @throws TierdError REFUSED where it holds anything else; LAKE_NOT_THE_SAME where a mark can't be understood */
export async function lookAtTarget(store: ObjectStore, lake: RememberedLake): Promise<TargetLook> {
  const marker = await readLakeMarker(store);
  if (marker?.lakeId === lake.lakeId) return { kind: 'the lake' };
  const note = await readCopyNote(store);
  if (note !== null) {
    assertCopyOf(note, lake, store.place);
    if ((marker?.lakeId ?? note.lakeId) === note.lakeId) {
      return { kind: 'begun', lakeId: note.lakeId };
    }
  }
  if (marker !== null) throw notForIt(store.place, `is another lake of tierd, ${marker.lakeId}`);
  if ((await readLakeOwner(store)) !== null) {
    throw notForIt(store.place, 'belongs to a ledger already');
  }
  for await (const { key } of store.list('')) {
    throw notForIt(store.place, `is not empty: ${key} lies there`);
  }
  return { kind: 'empty' };
}

/** @throws TierdError REFUSED where another lake, or another ledger, is copied there */
export function assertCopyOf(note: CopyNote, lake: RememberedLake, place: string): void {
  if (note.of === lake.lakeId && note.ledgerId === lake.ledgerId) return;
  throw notForIt(
    place,
    `is a copy of the lake ${note.of} that the ledger ${note.ledgerId} has made since ${note.since}, and this is the lake ${lake.lakeId} of the ledger ${lake.ledgerId}`,
  );
}

export function notForIt(place: string, reason: string): TierdError {
  return new TierdError({
    code: 'REFUSED',
    message: `${place} ${reason}; the lake was not copied there, and nothing was changed`,
    hint: 'name an empty or new place in the `lake` section of the file that --to names, or empty that one if nobody needs what it holds',
    context: { place },
  });
}
