/** Whether an answer would be the same if it were asked for now. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { formatTable } from '../../domain/table.ts';
import { lockForReading } from '../../hot/read-lock.ts';
import { findExisting } from '../../hot/table/introspect.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { readVisibleTransactions } from '../../ledger/visible-transactions.ts';
import { type Repeatable, readStanding } from './standing.ts';

/** Longer, and it is no gain over asking. */
const LIMIT_MS = 500;

/**
 * As of one snapshot, taken after the tables are locked as for reading them (I2): what was moved and dropped
 * meanwhile is not missed.
 *
 * @throws where PostgreSQL does not answer within half a second: then it is asked in full
 */
export async function isStillTrue(
  db: pg.Client,
  datasets: readonly Dataset[],
  { standing, datasets: names, emptyReads }: Repeatable,
): Promise<boolean> {
  const tables = datasets.filter(({ name }) => names.includes(name)).map(({ table }) => table);
  const existing = await findExisting(db, tables);
  return inTransaction(
    db,
    {
      doing: 'looking whether a cached answer is still true',
      isolation: 'repeatable read',
      readOnly: true,
      limits: { statementTimeoutMs: LIMIT_MS, lockTimeoutMs: LIMIT_MS, idleTimeoutMs: 10_000 },
    },
    async () => {
      await lockForReading(
        db,
        tables.filter((table) => existing.has(formatTable(table))),
      );
      const transactions = await readVisibleTransactions(db);
      if (transactions !== null && transactions === standing.transactions) return true;
      if (emptyReads === null) return false;
      const now = await readStanding(db, names, datasets);
      if (now.lake !== standing.lake) return false;
      for (const read of emptyReads) {
        const found = await db.query<{ found: boolean }>(`select exists (${read}) as found`);
        if (found.rows[0]?.found !== false) return false;
      }
      return true;
    },
  );
}
