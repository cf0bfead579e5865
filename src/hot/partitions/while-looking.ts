import type pg from 'pg';
import { formatTable, type TableRef } from '../../domain/table.ts';
import { inTransaction, type TransactionLimits } from '../transaction.ts';

/** A look at a table's partitions, which changes nothing. */
export function whileLooking<Result>(
  db: pg.Client,
  table: TableRef,
  {
    statementTimeoutMs,
    lockTimeoutMs,
  }: Required<Pick<TransactionLimits, 'statementTimeoutMs' | 'lockTimeoutMs'>>,
  look: () => Promise<Result>,
): Promise<Result> {
  const options = {
    doing: `looking at the partitions of ${formatTable(table)}`,
    isolation: 'read committed',
    readOnly: true,
    limits: { statementTimeoutMs, lockTimeoutMs },
  } as const;
  return inTransaction(db, options, look);
}
