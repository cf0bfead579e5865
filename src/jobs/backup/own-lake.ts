/** Whose ledger, and which lake, a backup is of. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { RememberedLake } from '../../domain/lake/lake-owner.ts';
import { lookWhose } from '../lake-owner.ts';
import { lakeRefusal } from '../rotation/own-lake.ts';
import type { LookingRooms } from '../rotation/rooms.ts';

/**
 * The lake that this ledger has. Changes nothing.
 *
 * @throws TierdError REFUSED where it has none yet; LAKE_NOT_OWNED, LAKE_INCOMPLETE, LAKE_NOT_THE_SAME, LEDGER_OUTDATED
 */
export async function lakeToBackUp(rooms: LookingRooms, db: pg.Client): Promise<RememberedLake> {
  const { ownership, remembered } = await lookWhose(rooms, db);
  const refusal = lakeRefusal({ ownership }, rooms.store.place);
  if (refusal !== null) throw refusal;
  if (ownership.kind === 'owned' && remembered !== null) return remembered;
  throw new TierdError({
    code: 'REFUSED',
    message: `${rooms.store.place} is no lake of this ledger yet, and backups are of both; nothing was changed`,
    hint: 'run `tierd rotate` once, which makes the lake; until then `pg_dump` has all that there is',
    context: { place: rooms.store.place },
  });
}
