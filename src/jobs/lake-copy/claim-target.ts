import type { RememberedLake } from '../../domain/lake/lake-owner.ts';
import { ensureLakeMarker } from '../../lake/marker.ts';
import { OWNER_DIRECTORY } from '../../lake/object-key.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import { COPY_NOTE, ensurePlaceNote, type NoteKind } from '../../lake/place-note.ts';
import { copyRecords } from './copy-records.ts';
import { assertOf, notForIt } from './look-at-target.ts';
import type { CopyRooms } from './rooms.ts';

/**
 * Makes an empty place, or one that was claimed before, the place of the copy, or the far place: the note first, by which it is known,
 * then whose it is, then the marker, without which no object is taken. Killed anywhere, the same call goes on.
 *
 * @returns the place's own id
 * @throws TierdError REFUSED where another was first; OBJECT_CONFLICT where other owners are written down there
 */
export async function claimTarget(
  { store: lake, clock, newId }: Pick<CopyRooms, 'store' | 'clock' | 'newId'>,
  target: ObjectStore,
  { lakeId: of, ledgerId, ...rest }: RememberedLake,
  kind: NoteKind = COPY_NOTE,
): Promise<string> {
  const since = new Date(clock.now()).toISOString();
  const note = await ensurePlaceNote(target, kind, {
    lakeId: newId(),
    of,
    ledgerId,
    since,
  });
  assertOf(note, { lakeId: of, ledgerId, ...rest }, target.place, kind);
  await copyRecords(lake, target, [`${OWNER_DIRECTORY}/`]);
  const marker = await ensureLakeMarker(target, note.lakeId);
  if (marker.lakeId !== note.lakeId) {
    throw notForIt(target.place, `is another lake of tierd, ${marker.lakeId}`, kind);
  }
  return note.lakeId;
}
