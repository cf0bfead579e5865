/** tierd's errors in the codes of PostgreSQL: clients act on these, and never on the words. */
import { type ErrorCode, TierdError } from '../../domain/errors.ts';
import { FaceError } from './face-error.ts';
import { raised } from './translate/expression.ts';

const UNFORESEEN = 'XX000';

const SQLSTATES: Partial<Readonly<Record<ErrorCode, string>>> = {
  DATASET_NOT_FOUND: '42P01',
  TABLE_NOT_FOUND: '42P01',
  TABLE_UNSUPPORTED: '0A000',
  COLUMN_TYPE_CHANGED: '0A000',
  TIME_COLUMN_CHANGED: '0A000',
  QUERY_INVALID: '42000',
  QUERY_NOT_ALLOWED: '0A000',
  QUERY_FAILED: '22000',
  QUERY_TOO_LARGE: '54000',
  HOT_ROWS_EXCEEDED: '54000',
  LIVE_ROWS_EXCEEDED: '54000',
  LIVE_ROWS_REFUSED: '0A000',
  INTERRUPTED: '57014',
  STATEMENT_TIMEOUT: '57014',
  LOCK_TIMEOUT: '55P03',
  DEADLOCK: '40P01',
  SERIALIZATION_CONFLICT: '40001',
  PERMISSION_DENIED: '42501',
  POSTGRES_UNREACHABLE: '57P03',
  CONNECTIONS_EXHAUSTED: '53300',
  POSTGRES_OUT_OF_RESOURCES: '53000',
  QUERY_ENGINE_DIED: '58000',
  SEGMENT_UNREADABLE: '58030',
  LAKE_UNREACHABLE: '58030',
  LAKE_UNREADABLE: '58030',
  LAKE_INCOMPLETE: '58030',
};

/** What the engine's own words begin with, where they say more than the code. */
const BY_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bParser Error\b|\bdoes not parse\b/, '42601'],
  [/Catalog Error: (Table|View) with name/, '42P01'],
  [/Catalog Error: .*Function with name/, '42883'],
  [/Catalog Error: Type with name/, '42704'],
  [/Binder Error: (Referenced column|Table .* does not have a column)/, '42703'],
  [/Binder Error: Referenced table/, '42P01'],
  [/Binder Error: No function matches/, '42883'],
  [/Binder Error: .*must appear in the GROUP BY/, '42803'],
  [/Ambiguous reference/, '42702'],
  [/Conversion Error/, '22P02'],
  [/Out of Range Error/, '22003'],
  [/Invalid Input Error/, '22023'],
  [/Not implemented Error/, '0A000'],
];

/** @param report told of what nobody foresaw */
export function faceErrorOf(thrown: unknown, report: (error: unknown) => void): FaceError {
  if (thrown instanceof FaceError) return thrown;
  if (!(thrown instanceof TierdError)) {
    report(thrown);
    return new FaceError({
      sqlstate: UNFORESEEN,
      message: 'tierd failed in a way it did not foresee; its log says how',
    });
  }
  const { code, message, hint, context } = thrown;
  const { sqlstate, position } = context;
  if (typeof sqlstate === 'string') {
    const place = typeof position === 'number' ? position : undefined;
    return new FaceError({ sqlstate, message, hint, position: place });
  }
  const told = code === 'QUERY_FAILED' ? raised(message) : null;
  if (told !== null) return new FaceError(told);
  return new FaceError({
    sqlstate: sqlstateOf(code, message),
    message,
    hint,
    detail: `The code of tierd is ${code}.`,
  });
}

function sqlstateOf(code: ErrorCode, message: string): string {
  if (code === 'QUERY_INVALID' || code === 'QUERY_FAILED') {
    const found = BY_WORDS.find(([words]) => words.test(message));
    if (found !== undefined) return found[1];
  }
  return SQLSTATES[code] ?? UNFORESEEN;
}
