import type pg from 'pg';
import { assertSameLake, ensureLakeMarker, readLakeMarker } from '../../lake/marker.ts';
import { rememberedLake, rememberLake } from '../../ledger/lake-identity.ts';
import { hasLedger } from '../../ledger/migrate.ts';
import type { LookingRooms, Rooms } from './rooms.ts';

/**
 * Throws LAKE_NOT_THE_SAME when the ledger knows a lake and this is not it: an unmounted disk must
 * not look like a lake that lost everything, nor be filled as a new one. Changes nothing.
 */
export async function assertOwnLake(rooms: LookingRooms, db: pg.Client): Promise<void> {
  const remembered = (await hasLedger(db)) ? await rememberedLake(db) : null;
  assertSameLake(await readLakeMarker(rooms.store), remembered, rooms.store.place);
}

/** Marks a new lake and has the ledger remember it, before the first object is published. */
export async function claimLake(rooms: Rooms, db: pg.Client): Promise<void> {
  const marker = await ensureLakeMarker(rooms.store, rooms.newId());
  assertSameLake(marker, await rememberLake(db, marker.lakeId), rooms.store.place);
}
