import type pg from 'pg';
import { TierdError } from '../domain/errors.ts';
import { inTransaction } from '../hot/transaction.ts';
import { stopLeases } from '../ledger/lake-handover.ts';
import type { LookingRooms } from './rotation/rooms.ts';

/** One transaction in which no job that changes the lake runs, or begins. @throws TierdError LEASE_HELD */
export async function whileNobodyRotates<Result>(
  { settings }: LookingRooms,
  db: pg.Client,
  doing: string,
  step: () => Promise<Result>,
): Promise<Result> {
  const { statementTimeoutMs, lockTimeoutMs } = settings;
  const limits = { statementTimeoutMs, lockTimeoutMs };
  return inTransaction(
    db,
    { doing, isolation: 'read committed', readOnly: false, limits },
    async () => {
      const held = await stopLeases(db);
      if (held.length === 0) return step();
      throw new TierdError({
        code: 'LEASE_HELD',
        message: `a rotation of this ledger is under way: ${held.join(', ')}; nothing was changed`,
        hint: 'stop the daemon or wait for the rotation to end, then run the command again',
        context: { held },
      });
    },
  );
}
