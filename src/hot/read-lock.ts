/** The reader's half of I2. */
import type pg from 'pg';
import { formatTable, type Part, type TableDescription, type TableRef } from '../domain/table.ts';
import type { TimeRange } from '../domain/time/time-range.ts';
import { lockIfFree, lockTables, whenFree } from './locks.ts';
import { timeBounds } from './measure/time-bounds.ts';
import { run, sql, tableName } from './sql.ts';
import { isUndefinedTable, partsChanged } from './table/parts-changed.ts';

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
export async function lockForReading(
  client: pg.ClientBase,
  tables: readonly TableRef[],
): Promise<void> {
  if (tables.length === 0) return;
  // In one order, so that two who lock the same tables can't hold half each.
  const sorted = tables.toSorted((a, b) => (formatTable(a) < formatTable(b) ? -1 : 1));
  if (await lockIfFree(client, sorted, 'access share')) return;
  await whenFree(client, sorted, () => lockTables(client, sorted, 'access share', 'with children'));
}

/**
 * What an export of the range will lock, taken before anything is read: the table, then the parts that
 * hold the range. A statement that comes to wait later would do so with a part in its hand. Throws
 * PARTS_CHANGED where one of the parts is gone, LOCK_TIMEOUT naming who holds them.
 */
export async function lockForExport(
  client: pg.ClientBase,
  table: TableDescription,
  { range, parts }: { readonly range: TimeRange; readonly parts: readonly Part[] },
): Promise<void> {
  const involved = [table.ref, ...parts.map((part) => part.ref)];
  try {
    await whenFree(client, involved, () => lockTables(client, involved, 'access share', 'only'));
  } catch (error) {
    throw isUndefinedTable(error) ? partsChanged(table, involved, 'one of them is gone') : error;
  }
  if (parts.length > 0) return;
  // To plan a statement is to lock what it will read.
  await whenFree(client, involved, async () => {
    const where = timeBounds(table.timeColumn, range);
    await run(client, sql`explain select from ${tableName(table.ref)} where ${where}`);
  });
}
