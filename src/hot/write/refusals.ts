/** What PostgreSQL refuses of rows that are written, as against a server or a line that fails. */
import pg from 'pg';

/**
 * SQLSTATE classes that a row's own content brings about: data exceptions, constraints, limits of
 * a value's size, exceptions of triggers, and two rows with one key.
 */
const ROW_CLASSES: ReadonlySet<string> = new Set(['22', '23', '54', 'P0', '21']);

/** Of TimescaleDB, for a statement that would decompress too much: fewer rows may do. */
const LIMIT_OF_STATEMENT = '53400';

export function isAboutRows(error: unknown): error is pg.DatabaseError {
  if (!(error instanceof pg.DatabaseError)) return false;
  const { code = '' } = error;
  return ROW_CLASSES.has(code.slice(0, 2)) || code === LIMIT_OF_STATEMENT;
}

/** As against a connection that is gone, with all that was in the transaction. */
export function isRefusal(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}
