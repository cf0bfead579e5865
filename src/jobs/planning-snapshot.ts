import type pg from 'pg';
import { inTransaction, type TransactionLimits } from '../hot/transaction.ts';

/**
 * What a plan is made of: all facts of the database are of one snapshot, so that they agree with each other, and
 * nothing is changed (I7).
 *
 * @param doing in messages: `planning the rotation of ticks`
 */
export function inPlanningSnapshot<Result>(
  {
    statementTimeoutMs,
    lockTimeoutMs,
  }: Required<Pick<TransactionLimits, 'statementTimeoutMs' | 'lockTimeoutMs'>>,
  db: pg.Client,
  doing: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const limits = { statementTimeoutMs, lockTimeoutMs };
  return inTransaction(db, { doing, isolation: 'repeatable read', readOnly: true, limits }, work);
}
