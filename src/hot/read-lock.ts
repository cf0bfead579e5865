/** The reader's half of I2. */
import type { TableRef } from '../domain/table.ts';
import { lockTables } from './locks.ts';
import type { Queryable } from './sql.ts';

/**
 * Takes ACCESS SHARE on the tables and all their chunks or partitions until the transaction ends.
 *
 * Dropping a chunk is not MVCC: a snapshot older than the drop would read the ledger as before the
 * drop and the chunk's rows as gone (I2). Call it as the first statement of a `repeatable read`
 * transaction: the lock comes first, the snapshot with the first query after it, and a drop waits.
 *
 * It does not hold off TimescaleDB when that compresses late rows of a compressed chunk: a snapshot
 * from before loses sight of them (seen on 2.19.3 and 2.29.2: 1,440 of 1,540 rows). ROW EXCLUSIVE on
 * the chunk would, and would wait for a drop as a writer does.
 */
export async function lockForReading(db: Queryable, tables: readonly TableRef[]): Promise<void> {
  if (tables.length > 0) await lockTables(db, tables, 'access share', 'with children');
}
