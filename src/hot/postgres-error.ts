/** What PostgreSQL or the line to it answered, as tierd's one kind of error. */
import pg from 'pg';
import { type ErrorCode, TierdError } from '../domain/errors.ts';
import { lineFailureOf } from '../domain/line-failure.ts';
import { tlsHintFor } from '../domain/tls-failure.ts';

/** `words` where ours say more than PostgreSQL's, which are told with them. */
type Verdict = readonly [code: ErrorCode, hint: string, words?: string];

/**
 * SQLSTATE → the code of the catalogue and what to do about it. Two characters stand for a class.
 * Source: PostgreSQL's documentation, appendix A.
 */
const BY_SQLSTATE: Readonly<Record<string, Verdict>> = {
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
  '28P01': [
    'PERMISSION_DENIED',
    'correct user or password in postgres.url, or set it on the server: alter role <role> password …',
    'the server refuses this user or its password',
  ],
  '28': [
    'PERMISSION_DENIED',
    'let pg_hba.conf on the server have a line for this user, database, address and TLS, and look that the role is there and may log in',
    'the server does not let this user in from here',
  ],
  '3D000': [
    'CONFIG_INVALID',
    'correct the name in postgres.url, or make it on the server: create database …',
    'the server has no database of that name',
  ],
  '53300': [
    'CONNECTIONS_EXHAUSTED',
    '`tierd doctor` counts the connections that tierd needs and those that there are',
  ],
  '53400': [
    'POSTGRES_OUT_OF_RESOURCES',
    'a limit of the server’s configuration was reached; for a compressed chunk: alter role <role> set timescaledb.max_tuples_decompressed_per_dml_transaction = 0, or decompress_chunk() it first',
  ],
  '53100': [
    'POSTGRES_OUT_OF_RESOURCES',
    'free space on the disk of the database server, then run again',
  ],
  '53200': [
    'POSTGRES_OUT_OF_RESOURCES',
    'the database server lacks memory for it, of its own or in a table of fixed size such as that of locks',
  ],
  '53': ['POSTGRES_OUT_OF_RESOURCES', 'free what the database server lacks, then run again'],
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
  if (error instanceof pg.DatabaseError) return serverError(error, doing);
  const { code, hint, words } = classify(error);
  const text = words ?? (error instanceof Error ? error.message : String(error));
  return new TierdError({ code, message: `${doing} failed: ${text}`, hint, cause: error });
}

/** What a function of somebody's finds only where search_path has its schema. */
const NOT_FOUND_BY_NAME: ReadonlySet<string> = new Set(['42P01', '42883', '42704', '3F000']);

export const NAMES_ARE_PLAIN =
  'tierd runs with the search_path "pg_catalog, pg_temp": a function that a trigger, a check or a default calls has to name tables and functions with their schema, or set its own search_path (alter function … set search_path = …)';

/** With all that the server says: its DETAIL names the row or the setting, its HINT what it would do. */
function serverError(error: pg.DatabaseError, doing: string): TierdError {
  const state = error.code ?? '';
  const [code, usual, words] =
    BY_SQLSTATE[state] ??
    BY_SQLSTATE[state.slice(0, 3)] ??
    BY_SQLSTATE[state.slice(0, 2)] ??
    UNEXPECTED;
  const { message: said, detail, hint: theirs, where = '' } = error;
  const isByName = NOT_FOUND_BY_NAME.has(state) && /\bfunction\b/u.test(where);
  const ours = isByName ? `${NAMES_ARE_PLAIN}; nothing was committed` : usual;
  const whole = [said, detail].flatMap((text) => text ?? []).join('; ');
  const answer = words === undefined ? whole : `${words}: ${whole}`;
  return new TierdError({
    code,
    message: `${doing} failed: ${answer}${state === '' ? '' : ` (SQLSTATE ${state})`}`,
    hint: theirs === undefined ? ours : `${ours}. PostgreSQL’s own hint: ${theirs}`,
    context: { sqlstate: error.code, detail },
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

const UNEXPECTED: Verdict = [
  'POSTGRES_FAILED',
  'the message is PostgreSQL’s own; nothing was committed',
];

function classify(error: unknown): {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly words?: string;
} {
  const tls = tlsHintFor(error);
  if (tls !== null) return { code: 'TLS_FAILED', hint: tls };
  const login = loginFailureOf(error);
  if (login !== null) return { code: 'PERMISSION_DENIED', ...login };
  const line = lineFailureOf(error);
  if (line !== null) return { code: 'POSTGRES_UNREACHABLE', hint: line.advice, words: line.what };
  if (!isPgLineError(error)) return { code: UNEXPECTED[0], hint: UNEXPECTED[1] };
  const isSilent = error instanceof Error && /timeout/i.test(error.message);
  return {
    code: 'POSTGRES_UNREACHABLE',
    hint: 'check that the server runs and can be reached, then run again',
    words: isSilent ? 'nothing answered in time' : 'the line to the server was cut',
  };
}

/** What pg 8 itself finds in the way of a login, before the server says a word: plain errors without a code. */
function loginFailureOf(error: unknown): { readonly hint: string; readonly words: string } | null {
  if (!(error instanceof Error)) return null;
  if (/^SASL: .*client password must be/.test(error.message)) {
    return {
      words: 'the server asks for a password, and none is given',
      hint: 'write it into postgres.url (postgres://user:password@…), or into the file that postgres.url_file names',
    };
  }
  if (!/^(SASL:|Unknown authentication)/.test(error.message)) return null;
  return {
    words: `server and tierd do not agree on how to log in (${error.message})`,
    hint: 'let pg_hba.conf on the server ask this user for scram-sha-256 or a certificate, and look that it is the right server',
  };
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
