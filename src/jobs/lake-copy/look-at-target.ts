/** What a place is to a lake that is to be copied there, or that is to have its old segments there. Changes nothing. */
import { TierdError } from '../../domain/errors.ts';
import type { RememberedLake } from '../../domain/lake/lake-owner.ts';
import { readLakeMarker } from '../../lake/marker.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import { readLakeOwner } from '../../lake/owner.ts';
import { COPY_NOTE, type NoteKind, type PlaceNote, readPlaceNote } from '../../lake/place-note.ts';

export type TargetLook =
  /** Nothing is there: it may be claimed. */
  | { readonly kind: 'empty' }
  /** It was claimed for this lake: a copy in the making, or its far place. */
  | { readonly kind: 'begun'; readonly lakeId: string }
  /** It is the ledger's lake. */
  | { readonly kind: 'the lake' };

/** @throws TierdError REFUSED, of a far place LAKE_NOT_THE_SAME, where it holds anything else; LAKE_NOT_THE_SAME where a mark can't be understood */
export async function lookAtTarget(
  store: ObjectStore,
  lake: RememberedLake,
  kind: NoteKind = COPY_NOTE,
): Promise<TargetLook> {
  const notIt = (reason: string): TierdError => notForIt(store.place, reason, kind);
  const marker = await readLakeMarker(store);
  if (marker?.lakeId === lake.lakeId) return { kind: 'the lake' };
  const note = await readPlaceNote(store, kind);
  if (note !== null) {
    assertOf(note, lake, store.place, kind);
    if ((marker?.lakeId ?? note.lakeId) === note.lakeId) {
      return { kind: 'begun', lakeId: note.lakeId };
    }
  }
  if (marker !== null) throw notIt(`is another lake of tierd, ${marker.lakeId}`);
  if ((await readLakeOwner(store)) !== null) {
    throw notIt('belongs to a ledger already');
  }
  for await (const { key } of store.list('')) {
    throw notIt(`is not empty: ${key} lies there`);
  }
  return { kind: 'empty' };
}

/**
 * A copy is of the ledger that makes it. A far place is its lake's, whichever ledger has that now.
 *
 * @throws TierdError REFUSED where it was claimed for another lake, or a copy by another ledger
 */
export function assertOf(
  note: PlaceNote,
  lake: RememberedLake,
  place: string,
  kind: NoteKind = COPY_NOTE,
): void {
  const isSame = note.of === lake.lakeId;
  if (kind !== COPY_NOTE) {
    if (isSame) return;
    throw notForIt(
      place,
      `is the far place of the lake ${note.of}, and this is the lake ${lake.lakeId}`,
      kind,
    );
  }
  if (isSame && note.ledgerId === lake.ledgerId) return;
  throw notForIt(
    place,
    `is a copy of the lake ${note.of} that the ledger ${note.ledgerId} has made since ${note.since}, and this is the lake ${lake.lakeId} of the ledger ${lake.ledgerId}`,
  );
}

export function notForIt(
  place: string,
  reason: string,
  { refused }: NoteKind = COPY_NOTE,
): TierdError {
  return new TierdError({
    code: refused.code,
    message: `${place} ${reason}; ${refused.outcome}`,
    hint: refused.hint,
    context: { place },
  });
}
