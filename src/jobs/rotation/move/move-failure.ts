/** What a move's failure means for the rest of the run. */
import type { ErrorCode, TierdError } from '../../../domain/errors.ts';
import type { PlannedMove } from '../../../domain/plan/plan.ts';

/** The rows were in somebody's hands: the same move may succeed when staged anew. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['DIGEST_MISMATCH', 'PARTS_CHANGED', 'DEADLOCK']);

/** What concerns this move alone: the others go on, and the run ends as partly done. */
const SKIPPABLE: ReadonlySet<ErrorCode> = new Set([
  ...RETRYABLE,
  // Waited for as often as makes sense already; exporting again frees no lock.
  'LOCK_TIMEOUT',
  'ROWS_UNSETTLED',
  'ROWS_KEPT',
  'COLD_DUPLICATES',
  'AGGREGATE_BEHIND',
  'VALUE_NOT_HELD',
  'PART_READS_EMPTY',
  'PART_READS_SHORT',
]);

/** A partition of another owner, a view on it, a trigger that objects: the next one may be free of it. */
const OF_ONE_PART: ReadonlySet<ErrorCode> = new Set(['PERMISSION_DENIED', 'POSTGRES_FAILED']);

/** SQLSTATE classes of what objects to single rows: a constraint, a trigger that raises. */
const OF_ITS_ROWS: ReadonlySet<string> = new Set(['23', 'P0']);

export function isRetryable(error: TierdError): boolean {
  return RETRYABLE.has(error.code);
}

export function isSkippable(error: TierdError, { removal }: Pick<PlannedMove, 'removal'>): boolean {
  if (SKIPPABLE.has(error.code)) return true;
  if (removal === 'drop') return OF_ONE_PART.has(error.code);
  const { sqlstate } = error.context;
  return typeof sqlstate === 'string' && OF_ITS_ROWS.has(sqlstate.slice(0, 2));
}
