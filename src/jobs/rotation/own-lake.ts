/** Whether this lake is this ledger's to publish into and to remove from (I12). */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import {
  judgeOwnership,
  type LakeOwner,
  type LedgerPlace,
  type Ownership,
  type RememberedLake,
} from '../../domain/lake/lake-owner.ts';
import {
  assertSameLake,
  ensureLakeMarker,
  type LakeMarker,
  readLakeMarker,
} from '../../lake/marker.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import { readLakeOwner, writeLakeOwner } from '../../lake/owner.ts';
import {
  intendLake,
  ledgerPlace,
  noteWhereItLies,
  rememberClaim,
  rememberedLake,
} from '../../ledger/lake-identity.ts';
import { migrationStatus } from '../../ledger/migrate.ts';
import { asTierdError } from '../job-failure.ts';
import type { JobRooms } from './rooms.ts';

type LakeRooms = Pick<JobRooms, 'store'>;

export interface LakeStanding {
  readonly place: LedgerPlace;
  readonly remembered: RememberedLake | null;
  readonly marker: LakeMarker | null;
  readonly owner: LakeOwner | null;
  readonly ownership: Ownership;
}

/**
 * What lake and ledger say of each other; null while the ledger waits for a migration. Changes
 * nothing.
 *
 * @throws TierdError LAKE_NOT_THE_SAME when the ledger knows a lake and this is not it: an
 *   unmounted disk must not look like a lake that lost everything, nor be filled as a new one.
 */
export async function lookAtLake(store: ObjectStore, db: pg.Client): Promise<LakeStanding | null> {
  const { applied, pending } = await migrationStatus(db);
  if (applied.length > 0 && pending.length > 0) return null;
  return standingOf(store, db, applied.length === 0 ? null : await rememberedLake(db));
}

/**
 * Throws LAKE_NOT_OWNED or LAKE_NOT_THE_SAME, and changes nothing. A lake that is nobody's yet
 * passes: `claimLake` comes before the first object.
 */
export async function assertOwnLake({ store }: LakeRooms, db: pg.Client): Promise<void> {
  const standing = await lookAtLake(store, db);
  if (standing !== null) throwIfRefused(standing, store.place);
}

/**
 * The same, asked again right before something is published or removed. A take-over that comes in
 * between this look and the step does no harm: a key carries the id of its move, so no two owners
 * ever give the same one, and the new owner has given up what the old one may still bring to life.
 */
export async function assertStillOwnLake({ store }: LakeRooms, db: pg.Client): Promise<void> {
  throwIfRefused(await standingOf(store, db, await rememberedLake(db)), store.place);
}

/**
 * Before recovery: a lake from before owners were written down is claimed first, and where the
 * ledger lies is noted.
 */
export async function holdLake(rooms: JobRooms, db: pg.Client): Promise<void> {
  const standing = await standingOf(rooms.store, db, await rememberedLake(db));
  throwIfRefused(standing, rooms.store.place);
  if (standing.ownership.kind === 'unclaimed' && standing.remembered?.isMarked === true) {
    await claimLake(rooms, db);
  }
  if (standing.ownership.kind === 'owned') await noteWhereItLies(db);
}

/**
 * Makes a lake that is nobody's this ledger's, before the first object is published. Killed
 * anywhere, the same call goes on: the ledger names itself first, then the lake its owner, then the
 * ledger notes that it is so.
 */
export async function claimLake(rooms: JobRooms, db: pg.Client): Promise<void> {
  const { store } = rooms;
  const before = await standingOf(store, db, await rememberedLake(db));
  throwIfRefused(before, store.place);
  if (before.ownership.kind === 'owned') return;
  const { ledgerId, lakeId } = await intendLake(db, before.marker?.lakeId ?? rooms.newId());
  const since = new Date(rooms.clock.now()).toISOString();
  // Whether it was written or lost to another is what the look afterwards tells.
  await writeLakeOwner(store, { ...before.place, ledgerId, epoch: 1, since });
  throwIfRefused(await standingOf(store, db, await rememberedLake(db)), store.place);
  const marker = await ensureLakeMarker(store, lakeId);
  await rememberClaim(db, { lakeId: marker.lakeId, epoch: 1 });
}

/** What a ledger knows of its lake and of itself. */
export type LedgerOfLake = Pick<LakeStanding, 'place' | 'remembered'>;

/** Null where there is no ledger. */
export async function readLedgerOfLake(db: pg.Client): Promise<LedgerOfLake | null> {
  const { applied, pending } = await migrationStatus(db);
  if (applied.length === 0 || pending.length > 0) return null;
  return { remembered: await rememberedLake(db), place: await ledgerPlace(db) };
}

/**
 * What speaks against the lake, of which `found` was read, as the ledger's own; null when nothing does.
 *
 * @param lakePlace where it lies, for messages
 */
export function lakeObjection(
  found: Pick<LakeStanding, 'marker' | 'owner'>,
  { remembered, place }: LedgerOfLake,
  lakePlace: string,
): TierdError | null {
  try {
    assertSameLake(
      found.marker,
      remembered?.isMarked === true ? remembered.lakeId : null,
      lakePlace,
    );
  } catch (error) {
    return asTierdError(error);
  }
  const { owner } = found;
  const ownership = judgeOwnership({ place, remembered, owner, holdsStrangeFiles: false });
  return lakeRefusal({ ownership }, lakePlace);
}

/** The refusal that `standing` asks for, or null. */
export function lakeRefusal(
  { ownership }: Pick<LakeStanding, 'ownership'>,
  place: string,
): TierdError | null {
  if (ownership.kind !== 'refused') return null;
  return new TierdError({
    code: 'LAKE_NOT_OWNED',
    message: `The lake ${place} is not this ledger's: ${ownership.reason}. Nothing was published there or removed.`,
    hint: 'See `tierd lake show`. If the other is not to use it any more, `tierd lake take-over` makes this ledger its owner. For a copy to try things with, point `lake.path` at an empty place and run `tierd lake separate`.',
    context: { place },
  });
}

async function standingOf(
  store: ObjectStore,
  db: pg.Client,
  remembered: RememberedLake | null,
): Promise<LakeStanding> {
  const isMarked = remembered?.isMarked === true;
  const marker = await readLakeMarker(store);
  assertSameLake(marker, isMarked ? remembered.lakeId : null, store.place);
  const place = await ledgerPlace(db);
  const owner = await readLakeOwner(store);
  const holdsStrangeFiles =
    owner === null && marker !== null && !isMarked && (await holdsFiles(store));
  const ownership = judgeOwnership({ place, remembered, owner, holdsStrangeFiles });
  return { place, remembered, marker, owner, ownership };
}

function throwIfRefused(standing: LakeStanding, place: string): void {
  const refusal = lakeRefusal(standing, place);
  if (refusal !== null) throw refusal;
}

async function holdsFiles(store: ObjectStore): Promise<boolean> {
  for await (const _ of store.list('')) return true;
  return false;
}
