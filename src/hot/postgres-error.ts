/** What PostgreSQL or the line to it answered, as tierd's one kind of error. */
import pg from 'pg';
import { type ErrorCode, TierdError } from '../domain/errors.ts';
import { tlsHintFor } from '../domain/tls-failure.ts';

/**
 * SQLSTATE → the code of the catalogue and what to do about it. Two characters stand for a class.
 * Source: PostgreSQL's documentation, appendix A.
 */
const BY_SQLSTATE: Readonly<Record<string, readonly [code: ErrorCode, hint: string]>> = {
  '55P03': [
    'LOCK_TIMEOUT',
    'another session holds a lock on it; see `tierd doctor`, or run again when it has ended',
  ],
  '40P01': ['DEADLOCK', 'run again; two transactions waited for each other and this one gave way'],
  '40001': ['SERIALIZATION_CONFLICT', 'run again; another transaction changed the same rows'],
  '57014': ['STATEMENT_TIMEOUT', 'raise postgres.statement_timeout, or use a smaller slice'],
  '25006': [
    'POSTGRES_READ_ONLY',
    'the server is a standby, or default_transaction_read_only is on; `tierd doctor` says which',
  ],
  '25P03': [
    'POSTGRES_UNREACHABLE',
    'run again; the server ended the session because it was idle in a transaction',
  ],
  '25P04': [
    'STATEMENT_TIMEOUT',
    'the server limits transaction_timeout; raise it for this role, or use a smaller slice',
  ],
  '42501': ['PERMISSION_DENIED', '`tierd doctor` lists what the role needs'],
  '28': [
    'PERMISSION_DENIED',
    'check user and password in the configuration, and pg_hba.conf on the server',
  ],
  '3D000': ['POSTGRES_UNREACHABLE', 'check the database name in the configuration'],
  '53300': [
    'CONNECTIONS_EXHAUSTED',
    '`tierd doctor` counts the connections that tierd needs and those that there are',
  ],
  '53400': [
    'POSTGRES_OUT_OF_RESOURCES',
    'a limit of the server’s configuration was reached; for a compressed chunk: alter role <role> set timescaledb.max_tuples_decompressed_per_dml_transaction = 0, or decompress_chunk() it first',
  ],
  '53': [
    'POSTGRES_OUT_OF_RESOURCES',
    'free disk, memory or connections on the database server, then run again',
  ],
  '08': ['POSTGRES_UNREACHABLE', 'check that the server runs and can be reached, then run again'],
  '57P': [
    'POSTGRES_UNREACHABLE',
    'the server is starting, stopping or in recovery; run again when it is up',
  ],
};

/** Socket errors, by Node's code. */
const LINE_ERRORS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ENOENT',
]);

const LINE_CALLS: ReadonlySet<string> = new Set(['connect', 'read', 'write', 'getaddrinfo']);

/**
 * `error` as a TierdError; `doing` completes "… failed", and says what was kept safe.
 * A TierdError comes back as it is, so that this may be called at every level.
 */
export function postgresError(error: unknown, doing: string): TierdError {
  if (error instanceof TierdError) return error;
  const { code, hint } = classify(error);
  const sqlstate = error instanceof pg.DatabaseError ? error.code : undefined;
  const detail = error instanceof pg.DatabaseError ? error.detail : undefined;
  const text = error instanceof Error ? error.message : String(error);
  return new TierdError({
    code,
    message: `${doing} failed: ${text}${sqlstate === undefined ? '' : ` (SQLSTATE ${sqlstate})`}`,
    hint,
    context: { sqlstate, detail },
    cause: error,
  });
}

/** Whether `error` is PostgreSQL's, or the line's to it, and not yet a TierdError. */
export function isPostgresError(error: unknown): boolean {
  if (error instanceof pg.DatabaseError || isPgLineError(error)) return true;
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return false;
  // A file that is missing has the same code as a socket that is; only their calls differ.
  return LINE_ERRORS.has(String(error.code)) && LINE_CALLS.has(String(error.syscall));
}

/** Whether the connection is gone, as against a statement that was refused. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    return error.severity === 'FATAL' || error.severity === 'PANIC';
  }
  return !(error instanceof TierdError);
}

function classify(error: unknown): { readonly code: ErrorCode; readonly hint: string } {
  const unexpected = {
    code: 'POSTGRES_FAILED',
    hint: 'the message is PostgreSQL’s own; nothing was committed',
  } as const;
  if (error instanceof pg.DatabaseError) {
    const state = error.code ?? '';
    const found =
      BY_SQLSTATE[state] ?? BY_SQLSTATE[state.slice(0, 3)] ?? BY_SQLSTATE[state.slice(0, 2)];
    return found === undefined ? unexpected : { code: found[0], hint: found[1] };
  }
  const tls = tlsHintFor(error);
  if (tls !== null) return { code: 'TLS_FAILED', hint: tls };
  const lineCode = error instanceof Error && 'code' in error ? error.code : undefined;
  const lost = (typeof lineCode === 'string' && LINE_ERRORS.has(lineCode)) || isPgLineError(error);
  return lost
    ? {
        code: 'POSTGRES_UNREACHABLE',
        hint: 'check that the server runs and can be reached, then run again',
      }
    : unexpected;
}

/** pg 8 throws plain errors without a code when its socket ends; these are its only words for it. */
function isPgLineError(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Connection terminated|timeout expired|Query read timeout|Client (has encountered a connection error|was closed))/.test(
      error.message,
    )
  );
}
