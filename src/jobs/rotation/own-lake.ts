/** Whether this lake is this ledger's to publish into and to remove from (I12). */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import {
  judgeOwnership,
  type LakeLack,
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
import { newestExpected } from '../../ledger/expected-in-lake.ts';
import {
  intendLake,
  ledgerPlace,
  noteWhereItLies,
  rememberClaim,
  rememberedLake,
} from '../../ledger/lake-identity.ts';
import { migrationStatus } from '../../ledger/migrate.ts';
import { asTierdError } from '../job-failure.ts';
import {
  assertFarConfigured,
  assertFarOwn,
  farObjection,
  type LyingFar,
  lyingFar,
} from '../tiering/far-place.ts';
import { type DatasetsToLookAt, lookAhead } from './lake-ahead.ts';
import { lookForLack } from './lake-lacks.ts';
import type { JobRooms } from './rooms.ts';

type LakeRooms = Pick<JobRooms, 'store'>;

export interface LakeStanding {
  readonly place: LedgerPlace;
  readonly remembered: RememberedLake | null;
  readonly marker: LakeMarker | null;
  readonly owner: LakeOwner | null;
  readonly lack: LakeLack | null;
  readonly ownership: Ownership;
}

/**
 * How hard it is looked whether the lake holds what was published into it: not at all, by the newest segment,
 * or by each of them where the lake lies at another place than the last time.
 */
type LackLook = 'none' | 'newest' | 'all';

/**
 * What lake and ledger say of each other; null while the ledger waits for a migration. Changes
 * nothing.
 *
 * @param datasets of which it is looked whether the lake remembers more than the ledger
 * @throws TierdError LAKE_NOT_THE_SAME when the ledger knows a lake and this is not it: an
 *   unmounted disk must not look like a lake that lost everything, nor be filled as a new one.
 */
export async function lookAtLake(
  store: ObjectStore,
  db: pg.Client,
  look: LackLook = 'newest',
  datasets: DatasetsToLookAt = [],
): Promise<LakeStanding | null> {
  const { applied, pending } = await migrationStatus(db);
  if (applied.length > 0 && pending.length > 0) return null;
  const remembered = applied.length === 0 ? null : await rememberedLake(db);
  return standingOf(store, db, remembered, look, datasets);
}

/**
 * Throws LAKE_NOT_OWNED, LAKE_INCOMPLETE or LAKE_NOT_THE_SAME, and changes nothing. A lake that is nobody's yet
 * passes: `claimLake` comes before the first object.
 */
export async function assertOwnLake(
  { store }: LakeRooms,
  db: pg.Client,
  dataset: string,
): Promise<void> {
  const standing = await lookAtLake(store, db, 'all', [dataset]);
  if (standing !== null) throwIfRefused(standing, store.place);
}

/**
 * The same, asked again right before something is published or removed. A take-over that comes in
 * between this look and the step does no harm: a key carries the id of its move, so no two owners
 * ever give the same one, and the new owner has given up what the old one may still bring to life.
 */
export async function assertStillOwnLake(
  { store }: LakeRooms,
  db: pg.Client,
  datasets: DatasetsToLookAt = [],
): Promise<void> {
  const remembered = await rememberedLake(db);
  throwIfRefused(await standingOf(store, db, remembered, 'none', datasets), store.place);
}

/**
 * Before recovery: a lake from before owners were written down is claimed first, and where the
 * ledger and the lake lie is noted.
 */
export async function holdLake(rooms: JobRooms, db: pg.Client, dataset: string): Promise<void> {
  const standing = await standingOf(rooms.store, db, await rememberedLake(db), 'all', [dataset]);
  throwIfRefused(standing, rooms.store.place);
  if (standing.ownership.kind === 'unclaimed' && standing.remembered?.isMarked === true) {
    await claimLake(rooms, db);
  }
  if (standing.ownership.kind === 'owned') await noteWhereItLies(db, rooms.store.place);
}

/**
 * Makes a lake that is nobody's this ledger's, before the first object is published. Killed
 * anywhere, the same call goes on: the ledger names itself first, then the lake its owner, then the
 * ledger notes that it is so.
 */
export async function claimLake(rooms: JobRooms, db: pg.Client): Promise<void> {
  const { store } = rooms;
  const before = await standingOf(store, db, await rememberedLake(db), 'none');
  throwIfRefused(before, store.place);
  if (before.ownership.kind === 'owned') return;
  const { ledgerId, lakeId } = await intendLake(db, before.marker?.lakeId ?? rooms.newId());
  const since = new Date(rooms.clock.now()).toISOString();
  // Whether it was written or lost to another is what the look afterwards tells.
  await writeLakeOwner(store, { ...before.place, ledgerId, epoch: 1, since });
  throwIfRefused(await standingOf(store, db, await rememberedLake(db), 'none'), store.place);
  const marker = await ensureLakeMarker(store, lakeId);
  await rememberClaim(db, { lakeId: marker.lakeId, epoch: 1, place: store.place });
}

/** What a ledger knows of its lake and of itself. */
export interface LedgerOfLake extends Pick<LakeStanding, 'place' | 'remembered'> {
  /** The key of what was published last. */
  readonly newest: string | null;
  readonly lyingFar: LyingFar | null;
}

/** Null where there is no ledger. */
export async function readLedgerOfLake(db: pg.Client): Promise<LedgerOfLake | null> {
  const { applied, pending } = await migrationStatus(db);
  if (applied.length === 0 || pending.length > 0) return null;
  const newest = (await newestExpected(db))?.key ?? null;
  const remembered = await rememberedLake(db);
  const far = await lyingFar(db, remembered);
  return { remembered, place: await ledgerPlace(db), newest, lyingFar: far };
}

/**
 * What speaks against the lake, of which `found` was read, as the ledger's own; null when nothing does.
 *
 * @param found with the segment that was looked for, and was not there
 * @param lake as configured
 */
export function lakeObjection(
  found: Pick<LakeStanding, 'marker' | 'owner'> & { readonly missing: string | null },
  { remembered, place, newest, lyingFar: far }: LedgerOfLake,
  lake: Pick<ObjectStore, 'tiers' | 'place'>,
): TierdError | null {
  const lakePlace = lake.place;
  try {
    assertSameLake(
      found.marker,
      remembered?.isMarked === true ? remembered.lakeId : null,
      lakePlace,
      remembered?.usedAt ?? null,
    );
  } catch (error) {
    return asTierdError(error);
  }
  const withoutFar = farObjection(lake, far);
  if (withoutFar !== null) return withoutFar;
  const { owner, missing } = found;
  // It was looked for by what the ledger had said before: another is the newest now, and not looked for yet.
  const isLacking = missing !== null && missing === newest;
  const last = remembered?.usedAt ?? null;
  const usedAt = last === lakePlace ? null : last;
  const lack = isLacking ? { key: missing, usedAt, count: null } : null;
  const ownership = judgeOwnership({
    ...{ place, remembered, owner, lack },
    holdsStrangeFiles: false,
    ahead: null,
  });
  return lakeRefusal({ ownership }, lakePlace);
}

/** The refusal that `standing` asks for, or null. */
export function lakeRefusal(
  { ownership }: Pick<LakeStanding, 'ownership'>,
  place: string,
): TierdError | null {
  if (ownership.kind === 'owned' || ownership.kind === 'unclaimed') return null;
  const { kind, reason } = ownership;
  if (kind === 'lacking') {
    return new TierdError({
      code: 'LAKE_INCOMPLETE',
      message: `The lake ${place} is not whole: ${reason}. Nothing was published there or removed.`,
      hint: 'Point `lake` at the one that has them, or finish the copy: a whole one is taken as it is, wherever it lies. To go on with this one all the same, `tierd lake take-over`: rows of what it lacks are found nowhere until that is put back, and `tierd scrub` names it.',
      context: { place },
    });
  }
  return new TierdError({
    code: 'LAKE_NOT_OWNED',
    message: `The lake ${place} is not this ledger's: ${reason}. Nothing was published there or removed.`,
    hint: 'See `tierd lake show`. If the other is not to use it any more: `tierd adopt` where this ledger is new or was restored from a backup, so that it knows of all that the lake has; `tierd lake take-over` where it knows of it already. For a copy to try things with, point `lake.path` at an empty place and run `tierd lake separate`.',
    context: { place },
  });
}

async function standingOf(
  store: ObjectStore,
  db: pg.Client,
  remembered: RememberedLake | null,
  look: LackLook,
  datasets: DatasetsToLookAt = [],
): Promise<LakeStanding> {
  const isMarked = remembered?.isMarked === true;
  // A store that is far away is asked for all of it at once. What is wrong is told in the order below.
  const owned = begun(readLakeOwner(store));
  const newest = look === 'newest' ? begun(lookForLack(store, db, remembered, false)) : null;
  const marker = await readLakeMarker(store);
  assertSameLake(
    marker,
    isMarked ? remembered.lakeId : null,
    store.place,
    remembered?.usedAt ?? null,
  );
  await assertFarConfigured(store, db, remembered);
  if (look === 'all') await assertFarOwn(store, db, remembered);
  const place = await ledgerPlace(db);
  const owner = await owned;
  const holdsStrangeFiles =
    owner === null && marker !== null && !isMarked && (await holdsFiles(store));
  const lack = look === 'all' ? await lookForLack(store, db, remembered, true) : await newest;
  const ahead = await lookAhead(store, db, remembered, datasets);
  const facts = { place, remembered, owner, holdsStrangeFiles, lack, ahead };
  return { place, remembered, marker, owner, lack, ownership: judgeOwnership(facts) };
}

/** It is awaited later; until then its failure is nobody's. */
function begun<Value>(step: Promise<Value>): Promise<Value> {
  step.catch(() => undefined);
  return step;
}

function throwIfRefused(standing: LakeStanding, place: string): void {
  const refusal = lakeRefusal(standing, place);
  if (refusal !== null) throw refusal;
}

async function holdsFiles(store: ObjectStore): Promise<boolean> {
  for await (const _ of store.list('')) return true;
  return false;
}
