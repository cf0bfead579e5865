/**
 * The far place of a lake. It bears a marker of its own, so that nobody takes it for a lake; a note of whose far place it
 * is; and the lake's owners, so that of two who have a copy of the lake each, with one far place, one is refused (I12).
 */
import type pg from 'pg';
import { agree, countOf, megabytes } from '../../domain/count.ts';
import { TierdError } from '../../domain/errors.ts';
import { describeOwner, type RememberedLake } from '../../domain/lake/lake-owner.ts';
import type { ObjectStore, Tiers } from '../../lake/object-store.ts';
import { readLakeOwner } from '../../lake/owner.ts';
import { FAR_NOTE } from '../../lake/place-note.ts';
import { listAllFar, noteFarPlace, sumNotNear } from '../../ledger/tiers.ts';
import { claimTarget } from '../lake-copy/claim-target.ts';
import { lookAtTarget, notForIt } from '../lake-copy/look-at-target.ts';
import type { JobRooms } from '../rotation/rooms.ts';

/**
 * By the ledger alone: what lies far is no part of a lake that is configured without it, and must not look lost.
 *
 * @throws TierdError LAKE_NOT_THE_SAME
 */
export async function assertFarConfigured(
  store: Pick<ObjectStore, 'tiers' | 'place'>,
  db: pg.Client,
  remembered: RememberedLake | null,
): Promise<void> {
  const objection = farObjection(store, await lyingFar(db, remembered));
  if (objection !== null) throw objection;
}

export interface LyingFar {
  readonly place: string;
  readonly segments: number;
  readonly bytes: number;
}

/** Null where nothing does. */
export async function lyingFar(
  db: pg.Client,
  remembered: RememberedLake | null,
): Promise<LyingFar | null> {
  const place = remembered?.farPlace ?? null;
  if (place === null) return null;
  const { segments, bytes } = await sumNotNear(db);
  return segments === 0 ? null : { place, segments, bytes };
}

export function farObjection(
  { tiers, place }: Pick<ObjectStore, 'tiers' | 'place'>,
  lying: LyingFar | null,
): TierdError | null {
  if (tiers !== null || lying === null) return null;
  const { segments, bytes } = lying;
  return new TierdError({
    code: 'LAKE_NOT_THE_SAME',
    message: `${tellLying(segments, bytes)} in the far place ${lying.place}, and the configuration names none: ${place} is not all of the lake. Nothing was read, written or deleted.`,
    hint: 'Put `lake.far` back into the configuration. To have all of the lake in one place again, copy it to a new one first: `tierd lake copy`, then `tierd lake switch`.',
    context: { place, farPlace: lying.place, segments },
  });
}

/**
 * Looks whether the far place is this lake's. One that does not answer is no reason not to work near: whatever goes there
 * says so by itself.
 *
 * Changes nothing (I7).
 *
 * @throws TierdError LAKE_NOT_THE_SAME, LAKE_NOT_OWNED, LAKE_INCOMPLETE
 */
export async function assertFarOwn(
  { tiers }: Pick<ObjectStore, 'tiers'>,
  db: pg.Client,
  remembered: RememberedLake | null,
): Promise<void> {
  if (tiers === null || remembered?.isMarked !== true) return;
  try {
    await lookAtFar(tiers, db, remembered);
  } catch (error) {
    if (error instanceof TierdError && error.code === 'LAKE_UNREACHABLE') return;
    throw error;
  }
}

/**
 * Makes it this lake's, where it is nobody's. Killed anywhere, the same call goes on.
 *
 * @throws TierdError as `assertFarOwn`; LAKE_UNREACHABLE, LAKE_UNWRITABLE
 */
export async function claimFar(
  rooms: Pick<JobRooms, 'clock' | 'newId'>,
  tiers: Tiers,
  db: pg.Client,
  remembered: RememberedLake,
): Promise<void> {
  await lookAtFar(tiers, db, remembered);
  // The ledger first: without the place in its configuration it refuses from then on.
  await noteFarPlace(db, tiers.far.place);
  await claimTarget({ ...rooms, store: tiers.near }, tiers.far, remembered, FAR_NOTE);
}

async function lookAtFar(
  { near, far }: Tiers,
  db: pg.Client,
  remembered: RememberedLake,
): Promise<void> {
  // By whatever way it is written in the configuration: what lies within the other would be listed with it.
  if (isWithin(far.place, near.place)) throw notForIt(far.place, 'lies within the lake', FAR_NOTE);
  if (isWithin(near.place, far.place)) throw notForIt(far.place, 'holds the lake', FAR_NOTE);
  const { kind } = await lookAtTarget(far, remembered, FAR_NOTE);
  if (kind === 'the lake') throw notForIt(far.place, 'is the near place of the lake', FAR_NOTE);
  if (kind === 'empty') {
    const { segments, bytes } = await sumNotNear(db);
    if (segments > 0) throw notThere(far.place, remembered, tellLying(segments, bytes));
    return;
  }
  await assertSameOwner(near, far);
  if (remembered.farPlace !== far.place) await assertWhole(far, db, remembered);
}

/** Of two disks; of buckets the configuration tells, for the same name at another store is another. */
const isWithin = (place: string, other: string): boolean =>
  place.startsWith('/') && place.startsWith(`${other}/`);

function notThere(place: string, { farPlace }: RememberedLake, lying: string): TierdError {
  return new TierdError({
    code: 'LAKE_NOT_THE_SAME',
    message: `${place} is no far place of this lake: it is empty, or its disk is not mounted. ${lying} in ${farPlace ?? 'another one'}. Nothing was read, written or deleted.`,
    hint: 'Mount the disk, or correct `lake.far` in the configuration. Where it is lost for good: docs/operations.md, "Two tiers".',
    context: { place, farPlace },
  });
}

/** Behind is one that was cut off between the two places; what it lacks comes with the next claim. */
async function assertSameOwner(near: ObjectStore, far: ObjectStore): Promise<void> {
  const [owner, farOwner] = [await readLakeOwner(near), await readLakeOwner(far)];
  if (farOwner === null || owner === null || farOwner.epoch < owner.epoch) return;
  if (farOwner.epoch === owner.epoch && farOwner.ledgerId === owner.ledgerId) return;
  throw new TierdError({
    code: 'LAKE_NOT_OWNED',
    message: `The far place ${far.place} belongs to ${describeOwner(farOwner)}, and ${near.place} to ${describeOwner(owner)}: one of the two is a copy. Nothing was published or removed.`,
    hint: 'Find out which of the two goes on with the lake. The other needs a far place of its own: `lake.far`.',
    context: { place: far.place },
  });
}

/** Where it lies at another place than the last time, as a copy does. */
async function assertWhole(
  far: ObjectStore,
  db: pg.Client,
  { farPlace }: RememberedLake,
): Promise<void> {
  const missing = new Map((await listAllFar(db)).map(({ key, bytes }) => [key, bytes]));
  const all = missing.size;
  for await (const { key, bytes } of far.list('')) {
    if (missing.get(key) === bytes) missing.delete(key);
  }
  const [key] = missing.keys();
  if (key === undefined) return;
  throw new TierdError({
    code: 'LAKE_INCOMPLETE',
    message: `The far place ${far.place} lacks ${String(missing.size)} of ${countOf(all, 'segment')}, ${key} among them: it is an older copy, or one that is not finished. The far place was last used at ${farPlace ?? 'another place'}. Nothing was published there or removed.`,
    hint: 'Point `lake.far` at the one that has them, or finish the copy.',
    context: { place: far.place, missing: missing.size },
  });
}

function tellLying(segments: number, bytes: number): string {
  return `${countOf(segments, 'segment')} (${megabytes(bytes)}) of the lake ${agree(segments, 'lies', 'lie')}`;
}
