import type pg from 'pg';
import { disconnect } from '../hot/server/connect.ts';
import { inTransaction } from '../hot/transaction.ts';
import { assertMigrated } from '../ledger/migrate.ts';
import type { LedgerRooms } from './rotation/rooms.ts';

/**
 * What a person changes in the ledger alone, in one transaction. @throws TierdError LEDGER_OUTDATED
 *
 * @param doing in messages: `unpinning ticks`
 */
export async function inLedger<Result>(
  { connect, settings }: LedgerRooms,
  doing: string,
  work: (db: pg.Client) => Promise<Result>,
): Promise<Result> {
  const { statementTimeoutMs, lockTimeoutMs } = settings;
  const limits = { statementTimeoutMs, lockTimeoutMs };
  const options = { doing, isolation: 'read committed', readOnly: false, limits } as const;
  const db = await connect('work');
  try {
    await assertMigrated(db);
    return await inTransaction(db, options, () => work(db));
  } finally {
    await disconnect(db);
  }
}
