/** unpin: restored rows may leave again. */
import type { TimeRange } from '../domain/time/time-range.ts';
import { disconnect } from '../hot/server/connect.ts';
import { inTransaction } from '../hot/transaction.ts';
import { addAuditEntry } from '../ledger/audit.ts';
import { assertMigrated } from '../ledger/migrate.ts';
import { unpin } from '../ledger/pins.ts';
import { actorOf } from './audit/actor.ts';
import type { LedgerRooms } from './rotation/rooms.ts';

/** @param range null is all of time; returns what was pinned */
export async function unpinDataset(
  rooms: LedgerRooms,
  dataset: string,
  range: TimeRange | null,
): Promise<readonly TimeRange[]> {
  const { statementTimeoutMs, lockTimeoutMs } = rooms.settings;
  const limits = { statementTimeoutMs, lockTimeoutMs };
  const doing = `unpinning ${dataset}`;
  const options = { doing, isolation: 'read committed', readOnly: false, limits } as const;
  const db = await rooms.connect('work');
  try {
    await assertMigrated(db);
    return await inTransaction(db, options, async () => {
      const ranges = await unpin(db, dataset, range);
      if (ranges.length > 0) {
        const [at, by] = [rooms.clock.now(), actorOf(rooms)];
        await addAuditEntry(db, { action: 'unpinned', chain: dataset, at, by, ranges });
      }
      return ranges;
    });
  } finally {
    await disconnect(db);
  }
}
