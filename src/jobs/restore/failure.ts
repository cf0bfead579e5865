/** What a slice's failure means for it and for the rest of the run. */
import type { Dataset } from '../../domain/dataset.ts';
import { type ErrorCode, TierdError } from '../../domain/errors.ts';
import { formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import { NAMES_ARE_PLAIN } from '../../hot/postgres-error.ts';

/** SQLSTATE classes by which PostgreSQL objects to rows: data, constraints, triggers that raise, what COPY can't do. */
const OF_ITS_ROWS: ReadonlySet<string> = new Set(['0A', '22', '23', '42', '44', 'P0']);
/** `could not open relation`, of a chunk or partition that somebody dropped while rows were on their way into it. */
const INTERNAL = 'XX000';

const HINTS: Readonly<Record<string, (dataset: Dataset) => string>> = {
  '23505': ({ name, onColdDuplicate }) =>
    onColdDuplicate === 'newest'
      ? `a row with this key is hot already: \`tierd rotate ${name}\` first, which lets the late row replace the cold one (on_cold_duplicate), or delete it`
      : `a row with this key is hot already, and on_cold_duplicate is ${onColdDuplicate}: delete the hot row if it is not wanted, or use --into a table without the key`,
  '23503': () => 'insert the row that it refers to, then run again',
  '42883': () => NAMES_ARE_PLAIN,
  '42P01': () => NAMES_ARE_PLAIN,
  [INTERNAL]: () =>
    'run again: a chunk or partition that the rows were to go into was dropped meanwhile; else the message is PostgreSQL’s own',
  '23514': () => 'make the partition that the rows belong into, or see the check that they violate',
};

/** Says of PostgreSQL's refusal of rows which slice it was, and that the transaction was undone. */
export function rejection(error: TierdError, dataset: Dataset, range: TimeRange): TierdError {
  const { sqlstate, detail } = error.context;
  const isOfRows =
    error.code === 'POSTGRES_FAILED' &&
    typeof sqlstate === 'string' &&
    (sqlstate === INTERNAL || OF_ITS_ROWS.has(sqlstate.slice(0, 2)));
  if (!isOfRows) return error;
  const more = typeof detail === 'string' ? ` ${detail}` : '';
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return new TierdError({
    code: 'RESTORE_REJECTED',
    message: `PostgreSQL refused rows of ${dataset.name} ${formatRange(range)}: ${reason}.${more} The transaction was rolled back; the rows are still cold.`,
    hint:
      HINTS[sqlstate]?.(dataset) ?? 'mend what PostgreSQL objects to, or use --into another table',
    context: { ...error.context, dataset: dataset.name },
    cause: error,
  });
}

/** What concerns this slice alone: the others go on, and the run ends as partly done. */
const SKIPPABLE: ReadonlySet<ErrorCode> = new Set([
  'RESTORE_REJECTED',
  'RESTORE_MISMATCH',
  'VERIFY_MISMATCH',
  'OBJECT_MISSING',
  'LAKE_UNREADABLE',
  'SEGMENT_UNREADABLE',
  'LOCK_TIMEOUT',
  'DEADLOCK',
  'VALUE_NOT_HELD',
]);

export function isSkippable({ code }: TierdError): boolean {
  return SKIPPABLE.has(code);
}
