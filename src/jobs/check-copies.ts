import type { Check } from '../domain/check.ts';
import { TierdError } from '../domain/errors.ts';
import { isPostgresError } from '../hot/postgres-error.ts';
import { disconnect } from '../hot/server/connect.ts';
import type { ReadableStore } from '../lake/object-store.ts';
import { rememberedLake } from '../ledger/lake-identity.ts';
import { lookAtCopies, tellCopies } from './lake-copy/copies-told.ts';
import type { LookingRooms } from './rotation/rooms.ts';

/** Copies of the lake that nobody has switched to: whoever began one may have forgotten it. */
export async function checkCopies(
  { connect }: Pick<LookingRooms, 'connect'>,
  store: ReadableStore,
): Promise<readonly Check[]> {
  const db = await connect('work');
  try {
    const standing = await lookAtCopies(store, db);
    const told = tellCopies(standing, (await rememberedLake(db))?.lakeId ?? null);
    return told.map(({ found, next }) => ({
      ...{ name: 'lake_copy', status: 'ok' as const },
      ...{ found, advice: next },
    }));
  } catch (error) {
    // A ledger, or a lake, that can't be read is told by its own check.
    if (error instanceof TierdError || isPostgresError(error)) return [];
    throw error;
  } finally {
    await disconnect(db);
  }
}
