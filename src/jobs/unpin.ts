/** unpin: restored rows may leave again. */
import type { TimeRange } from '../domain/time/time-range.ts';
import { disconnect } from '../hot/server/connect.ts';
import { assertMigrated } from '../ledger/migrate.ts';
import { unpin } from '../ledger/pins.ts';
import type { LookingRooms } from './rotation/rooms.ts';

/** @param range null is all of time; returns what was pinned */
export async function unpinDataset(
  rooms: Pick<LookingRooms, 'connect'>,
  dataset: string,
  range: TimeRange | null,
): Promise<readonly TimeRange[]> {
  const db = await rooms.connect('work');
  try {
    await assertMigrated(db);
    return await unpin(db, dataset, range);
  } finally {
    await disconnect(db);
  }
}
