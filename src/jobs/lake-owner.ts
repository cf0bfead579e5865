/**
 * A person says whose a lake is: this ledger's from now on, or that this ledger is a copy which
 * goes its own way. Neither removes a file.
 */
import type pg from 'pg';
import { type AuditAction, type AuditEntry, LAKE_CHAIN } from '../domain/audit.ts';
import { TierdError } from '../domain/errors.ts';
import { describeOwner, type LakeOwner } from '../domain/lake/lake-owner.ts';
import { inTransaction } from '../hot/transaction.ts';
import { readLakeMarker } from '../lake/marker.ts';
import type { ObjectStore } from '../lake/object-store.ts';
import { readLakeOwner, writeLakeOwner } from '../lake/owner.ts';
import { addAuditEntry } from '../ledger/audit.ts';
import { becomeOwner, becomeSeparate, relinquishUnfinished } from '../ledger/lake-handover.ts';
import { followPromotions, intendLake } from '../ledger/lake-identity.ts';
import { assertMigrated } from '../ledger/migrate.ts';
import { listSegments } from '../ledger/segments.ts';
import { actorOf } from './audit/actor.ts';
import { type LakeStanding, lakeRefusal, lookAtLake } from './rotation/own-lake.ts';
import type { LedgerRooms, LookingRooms } from './rotation/rooms.ts';
import { whileNobodyRotates } from './while-nobody-rotates.ts';

export interface TakeOver {
  readonly before: LakeOwner | null;
  readonly epoch: number;
  /** Objects that unfinished moves of this ledger named; they stay where they are, if they are there. */
  readonly givenUp: readonly string[];
}

/** @throws TierdError LEDGER_OUTDATED, LAKE_NOT_THE_SAME */
export async function lookWhose(rooms: LookingRooms, db: pg.Client): Promise<LakeStanding> {
  await assertMigrated(db);
  const standing = await lookAtLake(rooms.store, db, 'all', 'all');
  if (standing !== null) return standing;
  throw new TierdError({
    code: 'LEDGER_OUTDATED',
    message: 'the ledger waits for a migration; nothing was changed',
    hint: 'run `tierd migrate up`',
  });
}

/** Files of the lake that this ledger has no row for. */
export async function countStrangeFiles(store: ObjectStore, db: pg.Client): Promise<number> {
  const known = await listSegments(db, {
    states: ['publishing', 'live', 'retired', 'removed', 'abandoned'],
  });
  const keys = new Set(known.map(({ key }) => key));
  let strange = 0;
  for await (const { key } of store.list('')) if (!keys.has(key)) strange += 1;
  return strange;
}

/**
 * Makes this ledger the owner: the next epoch goes into the lake first, so the old owner is refused
 * from then on, and into the ledger second. Killed in between, this ledger is refused as well until
 * the call is made again.
 *
 * @throws TierdError LAKE_NOT_OWNED when another took it over at the same time, LEASE_HELD
 */
export async function takeOverLake(rooms: LedgerRooms, db: pg.Client): Promise<TakeOver> {
  const { marker, owner, place, lack, ownership } = await lookWhose(rooms, db);
  if (marker === null) throw noLakeThere(rooms.store.place);
  if (ownership.kind === 'owned') return { before: owner, epoch: owner?.epoch ?? 0, givenUp: [] };
  const { ledgerId } = await intendLake(db, marker.lakeId);
  const epoch = (owner?.epoch ?? 0) + 1;
  return whileNobodyRotates(rooms, db, 'taking over the lake', async () => {
    const since = new Date(rooms.clock.now()).toISOString();
    const isOurs = await writeLakeOwner(rooms.store, { ...place, ledgerId, epoch, since });
    if (!isOurs) throw takenMeanwhile(rooms.store.place);
    const givenUp = await relinquishUnfinished(db);
    await becomeOwner(db, {
      lakeId: marker.lakeId,
      epoch,
      place: rooms.store.place,
      isLacking: lack !== null,
    });
    await auditLake(rooms, db, 'taken_over', {
      lake: marker.lakeId,
      epoch,
      from: owner === null ? null : describeOwner(owner),
      given_up: givenUp.length,
    });
    return { before: owner, epoch, givenUp };
  });
}

/**
 * Makes a copied ledger one of its own, whose lake is the configured place. That must be empty: the
 * segments that the ledger knows lie in the original's lake, and it forgets them.
 *
 * @returns how many live segments it no longer knows
 * @throws TierdError REFUSED when the place holds anything, LEASE_HELD, LEDGER_OUTDATED
 */
export async function separateLake(rooms: LedgerRooms, db: pg.Client): Promise<number> {
  await assertMigrated(db);
  await assertEmpty(rooms.store);
  return whileNobodyRotates(rooms, db, 'separating the ledger', async () => {
    const forgotten = await becomeSeparate(db);
    await auditLake(rooms, db, 'separated', { forgotten_segments: forgotten });
    return forgotten;
  });
}

/**
 * Says whether a promoted server is the successor without being asked, as where failovers are automatic.
 * It counts from now on: a server that was promoted before takes the lake over first.
 *
 * @throws TierdError LAKE_NOT_OWNED, LAKE_NOT_THE_SAME, REFUSED where there is no lake yet
 */
export async function followPromotionsOf(
  rooms: LedgerRooms,
  db: pg.Client,
  follows: boolean,
): Promise<void> {
  const { ownership } = await lookWhose(rooms, db);
  const { place } = rooms.store;
  const refusal = lakeRefusal({ ownership }, place);
  if (refusal !== null) throw refusal;
  if (ownership.kind === 'owned') {
    const doing = 'saying what a promoted server does';
    const options = { doing, isolation: 'read committed', readOnly: false } as const;
    const isSaid = await inTransaction(db, options, async () => {
      if (!(await followPromotions(db, follows))) return false;
      await auditLake(rooms, db, follows ? 'promotions_followed' : 'promotions_asked', {});
      return true;
    });
    if (isSaid) return;
  }
  throw new TierdError({
    code: 'REFUSED',
    message: `${place} is no lake of this ledger yet; nothing was changed`,
    hint: 'run `tierd rotate` once, which makes the lake, then the same command again',
    context: { place },
  });
}

async function auditLake(
  rooms: LedgerRooms,
  db: pg.Client,
  action: AuditAction,
  facts: NonNullable<AuditEntry['facts']>,
): Promise<void> {
  const [at, by] = [rooms.clock.now(), actorOf(rooms)];
  await addAuditEntry(db, { action, chain: LAKE_CHAIN, at, by, facts });
}

/** @throws TierdError REFUSED */
export async function assertEmpty(store: ObjectStore): Promise<void> {
  const isMarked = (await readLakeMarker(store)) !== null || (await readLakeOwner(store)) !== null;
  const files = store.list('')[Symbol.asyncIterator]();
  if (!isMarked && (await files.next()).done === true) return;
  throw new TierdError({
    code: 'REFUSED',
    message: `${store.place} is not empty, and a ledger that separates begins with an empty lake; nothing was changed`,
    hint: 'point `lake.path` at an empty or new directory, then run `tierd lake separate` again',
    context: { place: store.place },
  });
}

export function noLakeThere(place: string): TierdError {
  return new TierdError({
    code: 'LAKE_NOT_THE_SAME',
    message: `${place} is no lake of tierd: there is nothing to take over, and nothing was changed.`,
    hint: 'Mount the lake’s disk, or correct `lake` in the configuration. A new lake needs no take-over: the first rotation makes it.',
    context: { place },
  });
}

function takenMeanwhile(place: string): TierdError {
  return new TierdError({
    code: 'LAKE_NOT_OWNED',
    message: `Another ledger has taken over ${place} at this moment; nothing was changed in this one.`,
    hint: 'See `tierd lake show` for whose it is now, and decide which of the two is to have it.',
    context: { place },
  });
}
