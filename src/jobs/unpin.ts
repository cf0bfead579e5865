/** unpin: restored rows may leave again. */
import type { TimeRange } from '../domain/time/time-range.ts';
import { addAuditEntry } from '../ledger/audit.ts';
import { unpin } from '../ledger/pins.ts';
import { actorOf } from './audit/actor.ts';
import { inLedger } from './in-ledger.ts';
import type { LedgerRooms } from './rotation/rooms.ts';

/** @param range null is all of time; returns what was pinned */
export function unpinDataset(
  rooms: LedgerRooms,
  dataset: string,
  range: TimeRange | null,
): Promise<readonly TimeRange[]> {
  return inLedger(rooms, `unpinning ${dataset}`, async (db) => {
    const ranges = await unpin(db, dataset, range);
    if (ranges.length > 0) {
      const [at, by] = [rooms.clock.now(), actorOf(rooms)];
      await addAuditEntry(db, { action: 'unpinned', chain: dataset, at, by, ranges });
    }
    return ranges;
  });
}
